#!/usr/bin/env bash
# Looks up known vulnerabilities of every package, those that come along too: eng/audit.sh [--write]
# A registry that knows of none says the same as one that has none to tell of. So a package with a known hole is asked for first; if that one is
# called clean, nothing was looked up, and the answer is worth nothing. --write dates the result in docs/dependencies.md.
# Exit code 0: looked up, none critical; 1: a critical one; 3: the registry does not answer.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
source eng/setup.sh
ensure_dotnet

# Newtonsoft.Json before 13.0.1: GHSA-5crp-9r3c-p9vr, of 2022, severity high.
registry_answers() {
    local folder
    folder=$(mktemp -d)
    cat >"$folder/canary.csproj" <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="Newtonsoft.Json" Version="12.0.1" /></ItemGroup>
</Project>
PROJECT
    dotnet restore "$folder" --packages "$folder/packages" --verbosity quiet >/dev/null 2>&1 || true
    dotnet list "$folder" package --vulnerable 2>/dev/null >"$folder/answer" || true
    local code=0
    grep -q 'GHSA-5crp-9r3c-p9vr' "$folder/answer" || code=1
    rm -rf "$folder"
    return "$code"
}

today=$(date -u +%F) code=0
if registry_answers; then
    answer=$(mktemp)
    trap 'rm -f "$answer"' EXIT
    dotnet list AdmitOne.slnx package --vulnerable --include-transitive >"$answer"
    found=$(grep -cE '^ +> ' "$answer" || true)
    critical=$(grep -E '^ +> ' "$answer" | grep -c Critical || true)
    cat "$answer"
    result="$today: looked up with \`eng/audit.sh\`; $found known vulnerabilities, $critical of them critical."
    [ "$critical" -eq 0 ] || code=1
else
    result="$today: not looked up. The registry from which this was built has no list of vulnerabilities: it calls a package clean that has a known one. Run \`eng/audit.sh\` where it has."
    code=3
fi
echo "$result"
if [ "${1:-}" = --write ]; then
    awk -v result="$result" '/^<!-- audit -->$/ { print; print result; skip = 1; next } skip && NF == 0 { skip = 0 } !skip' docs/dependencies.md >docs/dependencies.md.new
    mv docs/dependencies.md.new docs/dependencies.md
fi
exit "$code"
