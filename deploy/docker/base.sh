#!/usr/bin/env bash
# Makes the images that ours are built from, out of Debian's packages and the .NET SDK of this machine: deploy/docker/base.sh
#   localhost/admitone/runtime   C library, TLS, time zones, certificates, ASP.NET's shared framework; no shell, no package manager
#   localhost/admitone/runtime-icu   the same with ICU, for services whose pages people read
#   localhost/admitone/sdk       the same with the whole SDK, for the build stage only
# Where a registry with .NET images can be reached, neither is needed: see the build arguments in the Dockerfiles.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
source eng/setup.sh
source deploy/docker/tools.sh
ensure_dotnet
ensure_containers

# All that the runtime links to (and pg_dump's libraries, for the command line's image), unpacked without running a script of theirs.
packages=(base-files libc6 libgcc-s1 libstdc++6 zlib1g libssl3 libcrypt1 tzdata ca-certificates)
client=(postgresql-client-15 libpq5 libldap-2.5-0 libsasl2-2 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libcom-err2 libkeyutils1
    liblz4-1 libzstd1 libgnutls30 libp11-kit0 libidn2-0 libunistring2 libtasn1-6 libnettle8 libhogweed6 libgmp10 libffi8)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ "$(id -u)" -ne 0 ] || chown _apt "$work" 2>/dev/null || true

# unpack <folder> <package>...: merged /usr, as Debian has it, so that /lib and /usr/lib are one.
unpack() {
    local root=$1 folder package
    shift
    mkdir -p "$root"/usr/{lib,lib64,bin,sbin}
    for folder in lib lib64 bin sbin; do [ -L "$root/$folder" ] || ln -s "usr/$folder" "$root/$folder"; done
    (cd "$work" && apt-get download "$@" >/dev/null) || fail "apt-get could not download $*: apt-get update first"
    for package in "$work"/*.deb; do dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink --no-same-owner -C "$root"; done
    rm -f "$work"/*.deb
    rm -rf "$root"/usr/share/{doc,man,info,lintian,bug,locale,perl,perl5,base-files} "$root"/usr/sbin/* "$root"/usr/lib/x86_64-linux-gnu/perl5
}

root=$work/runtime
unpack "$root" "${packages[@]}"
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$work/bundle"
mkdir -p "$root/etc/ssl/certs" "$root/tmp"
mv "$work/bundle" "$root/etc/ssl/certs/ca-certificates.crt"
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/nonexistent\nadmitone:x:10001:10001:AdmitOne:/nonexistent:/nonexistent\n' >"$root/etc/passwd"
printf 'root:x:0:\nadmitone:x:10001:\n' >"$root/etc/group"
printf 'hosts: files dns\npasswd: files\ngroup: files\n' >"$root/etc/nsswitch.conf"

# The shared framework of the SDK that builds: what is compiled against it runs on it.
dotnet_root=$(dirname "$(readlink -f "$(command -v dotnet)")")
framework=$(dotnet --list-runtimes | awk '$1 == "Microsoft.AspNetCore.App" && $2 ~ /^10\./ { print $2 }' | sort -V | tail -n 1)
[ -n "$framework" ] || fail "the SDK has no ASP.NET Core 10 runtime"
into=$root/usr/share/dotnet
mkdir -p "$into/host" "$into/shared/Microsoft.NETCore.App" "$into/shared/Microsoft.AspNetCore.App"
cp "$dotnet_root/dotnet" "$into/"
cp -r "$dotnet_root/host/fxr" "$into/host/"
cp -r "$dotnet_root/shared/Microsoft.NETCore.App/$framework" "$into/shared/Microsoft.NETCore.App/"
cp -r "$dotnet_root/shared/Microsoft.AspNetCore.App/$framework" "$into/shared/Microsoft.AspNetCore.App/"
ln -sf ../share/dotnet/dotnet "$root/usr/bin/dotnet"

# image <name> <parent> <folder>: a folder's content as one layer. The time in it is the packages', so that the same input is the same image.
image() {
    local container
    container=$(buildah from "$2")
    buildah add --quiet "$container" "$3" / >/dev/null
    buildah config --env PATH=/usr/bin --env DOTNET_RUNNING_IN_CONTAINER=true --env DOTNET_NOLOGO=1 --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 --env DOTNET_CLI_TELEMETRY_OPTOUT=1 "$container"
    buildah commit --quiet --rm --format docker "$container" "$1" >/dev/null
    echo "made $1"
}

image localhost/admitone/runtime scratch "$root"

unpack "$work/icu" libicu72
image localhost/admitone/runtime-icu localhost/admitone/runtime "$work/icu"

unpack "$work/client" "${client[@]}"
mkdir -p "$work/pg/usr/bin" "$work/pg/usr/lib"
cp "$work"/client/usr/lib/postgresql/15/bin/{pg_dump,pg_restore} "$work/pg/usr/bin/"
cp -r "$work/client/usr/lib/x86_64-linux-gnu" "$work/pg/usr/lib/"
rm -rf "$work"/pg/usr/lib/x86_64-linux-gnu/{gconv,sasl2,pkgconfig}
image localhost/admitone/runtime-postgres localhost/admitone/runtime "$work/pg"

mkdir -p "$work/sdk/usr/share/dotnet"
for folder in sdk sdk-manifests packs templates library-packs; do
    [ ! -d "$dotnet_root/$folder" ] || cp -r "$dotnet_root/$folder" "$work/sdk/usr/share/dotnet/"
done
mkdir -p "$work/sdk/root" && chmod 700 "$work/sdk/root"
image localhost/admitone/sdk localhost/admitone/runtime "$work/sdk"
