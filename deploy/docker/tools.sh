# Sourced by the scripts of this folder, after eng/setup.sh: podman and buildah, from Debian's packages.

export CONTAINERS_CONF="${CONTAINERS_CONF:-$PWD/deploy/docker/containers.conf}" BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-oci}"

ensure_containers() {
    local missing=() tool
    # catatonit holds a pod together for podman kube play.
    for tool in podman buildah runc catatonit; do command -v "$tool" >/dev/null || missing+=("$tool"); done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then
        install_servers "${missing[@]}" containernetworking-plugins
        return
    fi
    fail "missing: ${missing[*]}. Debian: sudo apt-get install ${missing[*]} containernetworking-plugins"
}
