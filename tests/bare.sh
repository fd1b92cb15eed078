#!/bin/bash
# The proof that a bare machine needs nothing but a clone:
#
#     tests/bare.sh ./dev demo          (as root, on a machine with debootstrap and git)
#
# makes a minimal Debian 12 in a temporary folder, clones the committed state into it and runs the command there.  How
# this machine reaches its package registries (name resolution, certificates, apt's sources and transport settings,
# Maven's settings, proxies) goes along; nothing that is installed here does.  Mounts and processes live in namespaces
# of their own, so that they are gone when it ends, however it ends.
set -euo pipefail

[ $# -gt 0 ] || { sed -n '2,5s/^# \?//p' "$0" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "bare.sh: needs root" >&2; exit 1; }

repository=$(cd "$(dirname "$0")/.." && pwd)
root=$(mktemp -d "${TMPDIR:-/tmp}/gridwarn-bare.XXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say()
{
    printf 'bare.sh: %s\n' "$*"
}

# copy PATH...: those that exist, to the same place in the new root
copy()
{
    local path
    for path; do
        [ ! -e "$path" ] || (cd / && cp -a --parents --dereference "${path#/}" "$root")
    done
}

make_root()
{
    local mirror
    # shellcheck disable=SC2016 # apt expands it
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Release: bookworm' 'Component: main' | head -n 1)
    say "making a minimal Debian 12 in $root"
    debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || { tail "$root.log" >&2; exit 1; }
    rm "$root.log"
}

bring_registry_access()
{
    copy /etc/resolv.conf /etc/hosts /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt
    rm -f "$root/etc/apt/sources.list"
    copy /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/auth.conf.d /etc/apt/preferences.d \
        /etc/apt/keyrings /etc/apt/trusted.gpg.d /usr/share/keyrings
    # transport only: the rest of apt's settings may run commands that the new root does not have
    apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets' >"$root/etc/apt/apt.conf.d/90machine"
    copy "$HOME"/.m2/settings*.xml "$HOME/.mavenrc" /etc/mavenrc
}

# run COMMAND... in the new root
run()
{
    local variable environment=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "TERM=${TERM:-dumb}")
    for variable in $(compgen -e | grep -E '_(proxy|PROXY)$|^(MAVEN_|CI$)'); do
        environment+=("$variable=${!variable}")
    done
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child bash -c '
        set -e
        root=$1; shift
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        exec chroot "$root" bash -c "cd /gridwarn && exec \"\$@\"" bash "$@"' \
        bash "$root" env -i "${environment[@]}" "$@" </dev/null
}

make_root
bring_registry_access
git clone --quiet "$repository" "$root/gridwarn"
say "running in it: $*"
run "$@"
say "passed: $*"
