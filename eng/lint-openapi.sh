#!/usr/bin/env bash
# Lints API documents with Redocly's recommended rules: eng/lint-openapi.sh <file or URL>...
# It starts nothing: give it files, or the addresses of services that run, such as http://127.0.0.1:3003/openapi/v1.json.
# Needs npx (Node 20 or newer) and, the first time, npm's registry; ./test needs neither.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: eng/lint-openapi.sh <file or URL of an OpenAPI document>..." >&2; exit 2; }
config=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../docs/redocly.yaml
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true exec npx --yes @redocly/cli@2.77.0 lint --config "$config" "$@"
