#!/usr/bin/env bash
# Breaks stock, prices, codes and state machines in a thousand small ways, one at a time, and counts how often no unit test notices: eng/mutation.sh [stock pricing codes states lifecycle]
# Below 75 % it fails. Slow: minutes for each. Results: artifacts/mutation/<area>.json; the summary is one line an area.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
source eng/setup.sh
ensure_dotnet
[ $# -gt 0 ] || set -- stock pricing codes states lifecycle
dotnet tool restore >/dev/null
dotnet restore eng/mutation/AdmitOne.UnitTests.csproj --verbosity quiet
mkdir -p artifacts/mutation
code=0
for area in "$@"; do
    # From its own folder: beside a solution Stryker would take all test projects of it.
    (cd eng/mutation && dotnet stryker --config-file "../stryker-$area.json" --output "../../artifacts/mutation/$area" --skip-version-check) >"artifacts/mutation/$area.log" 2>&1 || code=1
    report=artifacts/mutation/$area/reports/mutation-report.json
    [ -e "$report" ] || { tail -n 20 "artifacts/mutation/$area.log" >&2; fail "Stryker left no report for $area"; }
    # The score is Stryker's own: killed and timed out, of all that a test could have noticed.
    count() { { grep -oE "\"status\": ?\"$1\"" "$report" || true; } | wc -l; }
    killed=$(($(count Killed) + $(count Timeout))) survived=$(($(count Survived) + $(count NoCoverage)))
    echo "$area: $killed of $((killed + survived)) mutants noticed, $(awk -v k="$killed" -v s="$survived" 'BEGIN { printf "%.1f", k + s ? 100 * k / (k + s) : 0 }') %"
done
exit "$code"
