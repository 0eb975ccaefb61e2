#!/usr/bin/env bash
# Writes a bill of materials of what is shipped, as CycloneDX JSON: eng/sbom.sh [FOLDER], artifacts/sbom without one.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
source eng/setup.sh
ensure_dotnet

folder=${1:-artifacts/sbom}
mkdir -p "$folder"
dotnet tool restore >/dev/null
for project in Events Tickets Cli; do
    dotnet CycloneDX "src/AdmitOne.$project/AdmitOne.$project.csproj" --output "$folder" --filename "admitone-${project,,}.cdx.json" --output-format Json \
        --exclude-dev --disable-package-restore --set-version "$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)" >/dev/null
    echo "$folder/admitone-${project,,}.cdx.json"
done
