#!/usr/bin/env bash
# Refreshes eng/versions.tsv: the newest version of each package that a project names, and since when a newer one than ours is known.
# A test fails when ours has been behind for more than a year by that list. Exit code 3: the registry does not answer, the list stays.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
source eng/setup.sh
ensure_dotnet

list=eng/versions.tsv today=$(date -u +%F)
newest=$(mktemp)
trap 'rm -f "$newest" "$list.new"' EXIT
for project in AdmitOne.slnx eng/coverage; do dotnet list "$project" package --outdated; done >"$newest" || { echo "the registry does not answer" >&2; exit 3; }

# `   > Name   requested   resolved   latest`; what is current is not in the answer.
awk -v today="$today" -v OFS='\t' '
    FILENAME == ARGV[1] { if ($1 == ">" && $NF ~ /^[0-9]/) latest[$2] = $NF; next }
    FILENAME == ARGV[2] { if ($0 !~ /^#/) since[$1] = $3; next }
    match($0, /<PackageVersion Include="[^"]+" Version="[^"]+"/) {
        split(substr($0, RSTART, RLENGTH), part, "\"")
        name = part[2]; ours = part[4]
        if (!(name in latest) || latest[name] == ours) print name, ours, "-"
        else print name, latest[name], (name in since && since[name] != "-" ? since[name] : today)
    }' "$newest" "$list" Directory.Packages.props | sort >"$list.new"
{ echo "# $today: package, newest version, since when a newer one than ours is known; refreshed by eng/versions.sh"; cat "$list.new"; } >"$list"
grep -vP '\t-$' "$list" || true
