#!/usr/bin/env bash
# Takes one guard at a time out of the code, and asks the tests whether they notice: eng/guards.sh [regular expression for guards' names]
# It works on a copy of the last commit, a build and some tests for each guard: half an hour for all. What it finds stands in docs/guards.md, the
# answers of earlier runs with their dates; it fails if nobody missed a guard.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
source eng/setup.sh
ensure_dotnet
ensure_servers
only=${1:-}

copy=$(mktemp -d "${TMPDIR:-/tmp}/admitone-guards.XXXXXX")
trap 'rm -rf "$copy"' EXIT
git clone --quiet . "$copy/checkout"
export CI=true DOTNET_EnableWriteXorExecute=0 DOTNET_TieredPGO=0
page=docs/guards.md rows=$copy/rows missed=0
grep -E '^\| .* \| [0-9]{4}-[0-9]{2}-[0-9]{2} \|$' "$page" >"$rows" 2>/dev/null || true

build() { (cd "$copy/checkout" && dotnet build "tests/AdmitOne.$1Tests" --configuration Release --verbosity quiet --nologo -p:RunAnalyzers=false) >"$copy/build.log" 2>&1; }

# failing <Unit|Integration> <class>...: the tests of these classes that fail, a line each.
failing() {
    local tests=$1 class words=()
    shift
    for class in "$@"; do words+=(-class "*.$class"); done
    (cd "$copy/checkout" && timeout 300 "artifacts/bin/AdmitOne.${tests}Tests/release/AdmitOne.${tests}Tests" -noColor -trait- Category=Long "${words[@]}") >"$copy/run.log" 2>&1 || true
    grep -q 'Total:' "$copy/run.log" || echo "(the run did not end)"
    sed -nE 's/^ *AdmitOne\.[A-Za-z]+Tests\.(.*) \[FAIL\].*/\1/p' "$copy/run.log" | sed -E 's/\(.*//; s/^.*\.([^.]+\.[^.]+)$/\1/' | sort -u
}

# guard <what it keeps out> <file under src> <what perl does to take it away> <Unit|Integration> <class>...
guard() {
    local what=$1 file=$2 change=$3 tests=$4 found
    shift 4
    [[ $what =~ $only ]] || return 0
    (
        cd "$copy/checkout/src"
        perl -0pi -e "$change" "$file"
        ! git diff --quiet || fail "nothing was taken away for: $what ($file has changed; change eng/guards.sh too)"
    )
    build "$tests" || { tail -n 5 "$copy/build.log" >&2; fail "without the guard it does not compile: $what"; }
    found=$(failing "$tests" "$@")
    (cd "$copy/checkout" && git checkout --quiet .)
    if [ -z "$found" ]; then
        missed=$((missed + 1))
        found="**nobody**"
    fi
    echo "$what: $(echo "$found" | head -n 1)$([ "$(echo "$found" | wc -l)" -le 1 ] || echo " and $(($(echo "$found" | wc -l) - 1)) more")"
    { grep -vF "| $what | " "$rows" || true; } >"$copy/others"
    { cat "$copy/others" && echo "| $what | \`$file\` | $(echo "$found" | head -n 1 | tr '_' ' ' | sed 's/\./: /') | $(echo "$found" | wc -l) | $(date +%F) |"; } >"$rows"
}

# Otherwise a test that fails anyway would notice everything.
if [ -z "$only" ]; then
    build Unit
    build Integration
    whole=$(failing Unit StrangersHandlerTests AccessTableDocTests; failing Integration WalkTests SignatureDrillTests TokenTests TenantLifeTests KeyedPostTests RateLimitTests HeaderTests TextTests TenancyTests OutgoingWebhookTests ChainTests AuditLogTests OrderTests PaymentWebhookTests)
    [ -z "$whole" ] || fail "these fail with every guard in its place: $whole"
fi

platform=AdmitOne.Platform
guard "a service's call with a wrong signature" $platform/Outbound/SignedCallFilter.cs 's/!matches \|\| //' Integration SignatureDrillTests
guard "a signed call of a service that has no business there" $platform/Outbound/SignedCallFilter.cs 's/!allowed\.Contains\(call\.Service\) \|\| //' Integration WalkTests SignatureDrillTests
guard "a signed call of yesterday" $platform/Outbound/SignedCallFilter.cs 's/> ServiceSignature\.Window\)/> TimeSpan.MaxValue)/' Integration SignatureDrillTests
guard "a signed call that is sent twice" $platform/Outbound/SignedCallFilter.cs 's/false => PlatformProblems\.NonceReused[^\n]*/false => Accept(context, call),/' Integration SignatureDrillTests
guard "a signed call while replay cannot be ruled out" $platform/Outbound/SignedCallFilter.cs 's/null => PlatformProblems\.DependencyUnavailable[^\n]*/null => Accept(context, call),/' Integration SignatureDrillTests
guard "a webhook with a wrong signature" $platform/Webhooks/WebhookFilter.cs 's/ \|\| !matches\)/)/' Integration WalkTests SignatureDrillTests
guard "a webhook of yesterday" $platform/Webhooks/WebhookFilter.cs 's/> StandardWebhook\.Tolerance\)/> TimeSpan.MaxValue)/' Integration PaymentWebhookTests
guard "a token with another signature, or none" $platform/Identity/IdentitySetup.cs 's/(ValidateIssuerSigningKey = true,)/$1 SignatureValidator = (token, _) => new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(token),/' Integration WalkTests TokenTests
guard "a token of another issuer" $platform/Identity/IdentitySetup.cs 's/ValidIssuer = jwt\.Issuer,/ValidateIssuer = false,/' Integration WalkTests TokenTests
guard "a token for another audience" $platform/Identity/IdentitySetup.cs 's/ValidAudience = jwt\.Audience,/ValidateAudience = false,/' Integration WalkTests TokenTests
guard "a token that has expired" $platform/Identity/IdentitySetup.cs 's/(RequireExpirationTime = true,)/$1 ValidateLifetime = false,/' Integration WalkTests TokenTests
guard "a token that was revoked" $platform/Identity/TokenChecks.cs 's/definition\.SchemaVersion > 0 && tokenId\.Length > 0 && await/tokenId.Length < 0 \&\& await/' Integration TokenTests
guard "an organiser that is suspended" $platform/Identity/TokenChecks.cs 's/standing is not \{ Status: TenantStatus\.Active \}/standing is null/' Integration TenantLifeTests
guard "a caller who was known again and whose role may not" $platform/Identity/IdentitySetup.cs 's/ \|\| !Policies\.Allow\(policy, caller\.Role\)//' Integration WalkTests
guard "a scan that breaks a rule" AdmitOne.Tickets/Scans/AdmitTicket.cs 's/if \(DeclaredRules\.Broken\(request\) is \{ \} broken\) return broken;//' Integration BadInputTests
guard "a caller whose role may not" $platform/Identity/IdentitySetup.cs 's/asked => asked\.UseAuthorization\(\)/_ => { }/' Integration WalkTests
guard "anybody, at one route that forgot to ask" AdmitOne.Events/Records/ListAudit.cs 's/\.RequireAuthorization\(Policies\.Admin\)/.AllowAnonymous()/' Unit AccessTableDocTests
guard "a buyer, at one route for managers" AdmitOne.Tickets/Devices/DevicesFeature.cs 's/Policies\.VenueManager/Policies.Customer/' Unit AccessTableDocTests
guard "another tenant, at one table" AdmitOne.Schema/Sql/010_transfers_and_minting.up.sql 's/alter table tickets\.mint_jobs force row level security;//; s/alter table tickets\.mint_jobs enable row level security;//' Integration TenancyTests
guard "another request under a key that was used" $platform/Idempotency/KeptAnswer.cs 's/if \(!row\.Fingerprint/if (row.Fingerprint.Length < 0 \&\& !row.Fingerprint/' Integration KeyedPostTests
guard "a call over the limit" $platform/RateLimiting/RateLimitMiddleware.cs 's/answer\.Granted > 0\) return null/answer.Granted >= 0) return null/' Integration RateLimitTests
guard "an address that no trusted proxy vouches for" $platform/Http/HttpOptions.cs 's/networks\.Count == 0 \? ForwardedHeaders\.None : /networks.Count < 0 ? ForwardedHeaders.None : /; s/foreach \(var network in networks\) forwarded[^\n]*/forwarded.KnownIPNetworks.Add(System.Net.IPNetwork.Parse("0.0.0.0\/0"));/' Integration RateLimitTests
guard "a body that is too large" $platform/Http/BodyLimit.cs 's/ContentLength > most/ContentLength > int.MaxValue/; s/limit\.MaxRequestBodySize = most/limit.MaxRequestBodySize = null/' Integration HeaderTests
guard "a page of another origin" $platform/Http/HttpOptions.cs 's/if \(origins\.Count == 0\) return;//; s/policy\.WithOrigins\(\[\.\. origins\]\)/policy.AllowAnyOrigin()/' Integration HeaderTests
guard "an answer in another page's frame" $platform/Http/SecurityHeaders.cs 's/headers\.XFrameOptions = "DENY";//' Integration HeaderTests
guard "text in two forms" $platform/Http/Json.cs 's/value is string text \? Nfc\.Of\(text\) : value/value/' Integration TextTests
guard "control characters in a text" $platform/Text/UnicodeText.cs 's/< 0x20 or \(>= 0x7F and <= 0x9F\) =>/< 0 =>/' Unit UnicodeTextTests
guard "a private address behind a public name" $platform/Outbound/StrangersHandler.cs 's/if \(allowed\.Length == 0 \|\| allowed\.Length < addresses\.Length\)/allowed = addresses; if (allowed.Length == 0)/' Unit StrangersHandlerTests
guard "a redirect to another address" $platform/Outbound/StrangersHandler.cs 's/AllowAutoRedirect = false/AllowAutoRedirect = true/' Integration OutgoingWebhookTests
guard "a formula in a spreadsheet" AdmitOne.Tickets/Orders/ExportOrders.cs 's/text = "\x27" \+ text;/text = text + "";/' Integration OrderTests
guard "a changed row of the audit log" $platform/Audit/AuditCheck.cs 's/else if \(!SHA256\.HashData\(Encoding\.UTF8\.GetBytes\(entry\.Canonical\)\)\.AsSpan\(\)\.SequenceEqual\(entry\.Seal\)\)/else if (entry.Canonical.Length < 0)/' Integration ChainTests
guard "a refused attempt that nobody hears of" $platform/Audit/RefusedAttempts.cs 's/attempts > NotedAMinute/attempts > 0/' Integration AuditLogTests

{
    echo "# Guards, taken away one at a time"
    echo
    echo "Written by \`eng/guards.sh\`, which takes each guard out of the code of a commit, builds it, and runs the tests that should notice."
    echo
    echo "| what a guard keeps out | where it stands, in \`src\` | the first test that fails without it | tests that fail | date |"
    echo "| --- | --- | --- | ---: | --- |"
    cat "$rows"
} >"$page"
[ "$missed" -eq 0 ] || fail "$missed were missed by nobody"
