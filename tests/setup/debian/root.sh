#!/usr/bin/env bash
# A Debian root of its own, as small as Debian makes it:
#   root.sh make ROOT [RELEASE]      by debootstrap; RELEASE is trixie (Debian 13) unless named
#   root.sh run ROOT COMMAND...      run a command in it, as root, in /root
# Mounts and processes live in namespaces of their own: they end with the command, however it ends, and on this
# system nothing is ever mounted. MIRROR names another mirror.
set -euo pipefail
action=$1 root=$2
shift 2

# What pip and TLS need to reach the outside from here: files and variables of this machine, copied as they are.
reach_outside() {
    local file
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    for file in "${SSL_CERT_FILE:-}" "${REQUESTS_CA_BUNDLE:-}" "${PIP_CERT:-}" /etc/ssl/certs/ca-certificates.crt \
        /etc/pip.conf /etc/xdg/pip "$HOME/.config/pip" "$HOME/.pip" "${PIP_CONFIG_FILE:-}"; do
        if [ -f "$file" ] || [ -d "$file" ]; then cp -rL --parents "$file" "$root"; fi
    done
}

run_inside() {
    reach_outside
    local kept=() name
    for name in $(compgen -e); do
        case $name in
        PIP_* | SSL_CERT_FILE | REQUESTS_CA_BUNDLE | *_proxy | *_PROXY) kept+=("$name=${!name}") ;;
        esac
    done
    exec unshare --mount --pid --fork --kill-child --propagation private -- bash -euc '
        root=$1; shift
        mount -t proc proc "$root/proc"
        mount --rbind --make-rslave /sys "$root/sys"
        mount --rbind --make-rslave /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/run"
        exec chroot "$root" "$@"' inside "$root" \
        /usr/bin/env -i -C /root HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        DEBIAN_FRONTEND=noninteractive "${kept[@]}" "$@"
}

case $action in
make) debootstrap --variant=minbase "${1:-trixie}" "$root" "${MIRROR:-http://deb.debian.org/debian}" ;;
run) run_inside "$@" ;;
*)
    echo "usage: root.sh make ROOT [RELEASE] | run ROOT COMMAND..." >&2
    exit 2
    ;;
esac
