# Line coverage of src by all tests but the long ones. Sourced by ./test --coverage, after eng/setup.sh.

# measure_coverage [words for the integration tests' runner, such as -class '*PurchaseTests']
measure_coverage() {
    local out=$PWD/artifacts/coverage project code=0 merge=() words
    rm -rf "$out"
    mkdir -p "$out"
    dotnet restore eng/coverage/coverage.csproj --verbosity quiet
    for project in UnitTests IntegrationTests; do
        # A copy: what counts lines is never mistaken for what was built.
        cp -a "artifacts/bin/AdmitOne.$project/release" "$out/$project"
        words="-trait- Category=Long"
        # What coverlet puts into the assemblies refers to netstandard, which that test would call a stranger.
        if [ "$project" = UnitTests ]; then words="$words -class- AdmitOne.UnitTests.Architecture.DependencyTests"; else words="$words $*"; fi
        # A list's commas would end the property for the command line.
        dotnet msbuild eng/coverage/coverage.csproj -t:Measure -nologo -v:m -tl:off \
            -p:Configuration=Release "-p:TestFolder=$PWD" "-p:TestProgram=$out/$project/AdmitOne.$project" "-p:TestWords=$words" \
            "-p:TargetPath=$out/$project/AdmitOne.$project.dll" "-p:CoverletOutput=$out/$project" "${merge[@]}" || code=$?
        merge=("-p:MergeWith=$out/$project.json")
    done
    rm -rf "$out"/UnitTests "$out"/IntegrationTests
    [ -e "$out/IntegrationTests.info" ] || fail "coverlet left no result in $out"
    summarise_coverage "$out/IntegrationTests.info" >"$out/summary.json"
    cat "$out/summary.json"
    echo "what no test runs, by file: artifacts/coverage/missed.txt"
    return "$code"
}

# The sums of an lcov file by project, as JSON; beside it, the files with most lines that no test runs.
summarise_coverage() {
    local commit
    commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
    awk -F: -v root="$PWD/src/" -v date="$(date -u +%F)" -v commit="$commit" -v missed="$(dirname "$1")/missed.txt" '
        function percent(part, whole) { return whole ? sprintf("%.1f", 100 * part / whole) : "100.0" }
        # What a compiler wrote is left out.
        $1 == "SF" { mine = index($2, root) == 1 }
        !mine { next }
        $1 == "SF" { file = $2; sub(root, "", file); project = file; sub("/.*", "", project) }
        $1 == "LF" { lines[project] += $2; all += $2; of[file] = $2 }
        $1 == "LH" { hit[project] += $2; allHit += $2; none[file] = of[file] - $2 }
        END {
            printf "{\n  \"date\": \"%s\",\n  \"commit\": \"%s\",\n  \"lines\": %d,\n  \"covered\": %d,\n  \"percent\": %s,\n  \"projects\": [\n", date, commit, all, allHit, percent(allHit, all)
            count = 0
            for (project in lines) names[++count] = project
            for (i = 1; i < count; i++) for (j = i + 1; j <= count; j++) if (names[j] < names[i]) { swap = names[i]; names[i] = names[j]; names[j] = swap }
            for (i = 1; i <= count; i++) printf "    { \"project\": \"%s\", \"lines\": %d, \"covered\": %d, \"percent\": %s }%s\n", names[i], lines[names[i]], hit[names[i]], percent(hit[names[i]], lines[names[i]]), i < count ? "," : ""
            printf "  ]\n}\n"
            for (file in none) if (none[file] > 0) printf "%5d of %5d  %s\n", none[file], of[file], file | ("sort -rn > " missed)
        }' "$1"
}
