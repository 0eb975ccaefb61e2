# Shared by ./run, ./test and .ci/run: what must be installed, and building only when something has changed.
# Sourced, never executed: `source eng/setup.sh` from the checkout's root, under `set -euo pipefail`.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# The .NET command line insists on a home; a service account may have none.
[ -n "${HOME:-}" ] && [ -w "${HOME:-/nonexistent}" ] || export HOME="${TMPDIR:-/tmp}"

fail() {
    echo "admitone: $*" >&2
    exit 1
}

ensure_dotnet() {
    command -v dotnet >/dev/null ||
        fail "the .NET 10 SDK is missing: see https://dot.net/download (Debian, after adding Microsoft's feed: apt-get install dotnet-sdk-10.0; Fedora: dnf install dotnet-sdk-10.0; macOS: brew install dotnet)"
    # A program started by its own name must find the runtime that belongs to this command, wherever that was unpacked.
    if [ -z "${DOTNET_ROOT:-}" ]; then
        DOTNET_ROOT=$(dirname "$(readlink -f "$(command -v dotnet)")")
        export DOTNET_ROOT
    fi
}

# PostgreSQL 15 or newer: Debian keeps the server's programs out of PATH, in a folder for each version.
have_postgres() {
    local folder
    for folder in /usr/lib/postgresql/* /opt/homebrew/opt/postgresql@* /usr/local/opt/postgresql@*; do
        [ -x "$folder/bin/initdb" ] && [ "${folder##*[/@]}" -ge 15 ] 2>/dev/null && return
    done
    command -v initdb >/dev/null && command -v postgres >/dev/null &&
        [ "$(postgres --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 15 ]
}

have_redis() { command -v redis-server >/dev/null || command -v valkey-server >/dev/null; }

ensure_servers() {
    local missing=()
    have_postgres || missing+=(postgresql)
    have_redis || missing+=(redis-server)
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then
        install_servers "${missing[@]}"
        have_postgres || fail "apt-get has no PostgreSQL 15 or newer here: see https://apt.postgresql.org"
        have_redis || fail "apt-get has installed no Redis server"
        return
    fi
    fail "missing: ${missing[*]}. Debian: sudo apt-get install ${missing[*]}; Fedora: sudo dnf install postgresql-server valkey; macOS: brew install postgresql@17 redis"
}

# install_or_say <what is missing without it> <packages ...>: for what only some tests need. As root on Debian it is installed, elsewhere those tests are skipped.
install_or_say() {
    local without=$1
    shift
    if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then
        install_servers "$@"
    else
        echo "$* is missing, so $without (Debian: sudo apt-get install $*)"
    fi
}

# What reads a QR code back from its picture, and draws the picture first if that is an SVG. Only a test needs it: elsewhere it is skipped, in CI it must be there.
ensure_zbarimg() {
    { command -v zbarimg && command -v rsvg-convert; } >/dev/null || install_or_say "the test that reads pictures of codes is skipped" zbar-tools librsvg2-bin
}

# Renders deploy/k8s.
ensure_kubectl() {
    command -v kubectl >/dev/null || install_or_say "the tests that render deploy/k8s are skipped" kubernetes-client
}

# The balancer of the rolling restart.
ensure_haproxy() {
    [ -x /usr/sbin/haproxy ] || command -v haproxy >/dev/null || install_or_say "the test of a rolling restart behind it is skipped" haproxy
}

# The pooler that a service must refuse in transaction mode.
ensure_pgbouncer() {
    [ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || install_or_say "the tests of poolers are skipped" pgbouncer
}

# The browser that the pages of Identity are tried in.
ensure_chromium() {
    [ -x /usr/bin/chromium ] || command -v chromium chromium-browser google-chrome >/dev/null || install_or_say "the tests in a browser are skipped" chromium
}

# What the dashboards, alerts and their routing are proved with. Installed, they are programs and nothing more: no service is made or started.
ensure_prometheus() {
    { command -v promtool && command -v prometheus && command -v amtool && command -v prometheus-alertmanager; } >/dev/null \
        || install_or_say "the tests of dashboards and alerts are skipped" prometheus prometheus-alertmanager
}

# Installs without making or starting servers of the machine's own: ours run below the data folder.
install_servers() {
    echo "Installing $* with apt-get (no server of this machine is made or started) ..."
    local log policy=/usr/sbin/policy-rc.d ours=
    log=$(mktemp)
    if [ ! -e "$policy" ]; then
        ours=$policy
        printf '#!/bin/sh\n# While ./run of AdmitOne installs packages: start nothing.\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    # shellcheck disable=SC2064 # the name is wanted as it is now
    trap "rm -f $ours $log" EXIT
    # Debian's package would make a cluster called main, and start it.
    if [[ " $* " == *" postgresql "* ]] && ! grep -qs '^create_main_cluster' /etc/postgresql-common/createcluster.conf; then
        mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf
    fi
    if ! { { apt-get update || true; } && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@"; } >"$log" 2>&1; then
        tail -n 3 "$log" >&2
        fail "apt-get could not install $*"
    fi
    rm -f $ours "$log"
    trap - EXIT
}

# build_if_stale <project> <configuration> [<folder>...]: builds when src, or one of the folders, has changed. dotnet takes seconds to
# find out that there is nothing to do; comparing times takes none.
build_if_stale() {
    local project=$1 configuration=$2 stamp
    shift 2
    stamp="artifacts/built-$(basename "$project")-$configuration"
    is_built "$stamp" "$@" && return
    mkdir -p artifacts
    # Two builds in one folder spoil each other; whoever comes second finds the work done.
    exec 9>artifacts/build.lock
    if command -v flock >/dev/null; then flock 9; fi
    if ! is_built "$stamp" "$@"; then
        if [ -e "$stamp" ]; then echo "Building what has changed ..."; else echo "Building AdmitOne; the first time takes a minute or two ..."; fi
        touch "$stamp.begun"
        # Without build servers, so that nothing is left running behind the build.
        if ! build_with_progress "$project" "$configuration"; then
            grep ' error ' artifacts/build.log | sort -u | head -n 20 >&2 || tail -n 20 artifacts/build.log >&2
            fail "the build failed; all that it said is in artifacts/build.log"
        fi
        mv "$stamp.begun" "$stamp"
    fi
    exec 9>&-
}

# One line for each project that is done, so that the first build does not look like a program that hangs.
build_with_progress() {
    local code=0 done=0 line
    { dotnet build "$1" --configuration "$2" --verbosity minimal --disable-build-servers -terminalLogger:off 2>&1 || echo "build failed with exit code $?"; } |
        tee artifacts/build.log |
        while IFS= read -r line; do
            case $line in *" -> "*) done=$((done + 1)); echo "  built ${line%% -> *} ($done)" | tr -s ' ' | sed 's/^/ /' ;; esac
        done
    ! grep -q '^build failed with exit code' artifacts/build.log || code=1
    return "$code"
}

# Folders count too: their time changes when a file is removed.
is_built() {
    local stamp=$1
    shift
    [ -e "$stamp" ] &&
        [ -z "$(find src "$@" global.json Directory.Build.props Directory.Packages.props .editorconfig BannedSymbols.txt -newer "$stamp" -print -quit)" ]
}
