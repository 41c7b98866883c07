#!/usr/bin/env bash
# Installs what compiles the Swift samples of docs/ios.md, once: Debian's own compiler. A Debian that has none yet gets a
# newer one in a folder, three gigabytes of it, and scripts/swift.sh runs what is in there.
set -euo pipefail
root=${RINGWAY_SWIFT_ROOT:-/var/cache/ringway-swift}
# The compiler's package does without headers; a program that it links does not.
packages=(swiftlang libc6-dev libstdc++-14-dev)

# A download may hang; what has come is installed without a deadline, because half a package spoils the machine.
bounded() { timeout -k 30 600 "$@"; }
say() { echo "install-swift: $*" >&2; }
cannot() {
  say "$*"
  exit 1
}
install() {
  bounded apt-get install -y -qq --no-install-recommends --download-only "$@" >/dev/null &&
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null || cannot "apt-get could not install $*"
}

if command -v swiftc >/dev/null || [ -x "$root/usr/bin/swiftc" ]; then
  say 'there is a compiler already'
  exit
fi
[ "$(id -u)" = 0 ] || cannot 'only root can install packages'
command -v apt-get >/dev/null || cannot 'no apt-get here: install swiftc by hand'

export DEBIAN_FRONTEND=noninteractive
bounded apt-get update -qq || say 'the lists of packages could not be updated; going on with the ones that are here'
if apt-cache show swiftlang >/dev/null 2>&1; then
  say 'installing swiftlang'
  install "${packages[@]}"
  exit
fi

command -v debootstrap >/dev/null || install debootstrap
mkdir -p "$(dirname "$root")"
rm -rf "$root".?????? # of a run that was killed
making=$(mktemp -d "$root.XXXXXX")
trap 'rm -rf "$making"' EXIT
say "this Debian has no swiftlang: making a Debian 13 in $root"
# What debootstrap mounts goes with it.
bounded unshare --mount debootstrap --variant=minbase --include="$(IFS=, && echo "${packages[*]}")" trixie "$making" >&2 ||
  cannot 'debootstrap could not make it; the last lines above say why'
rm -rf "$making"/var/cache/apt/archives/*.deb "$making"/var/lib/apt/lists/*
chmod 755 "$making"
# Only a complete one has the name; if another run was faster, there is one already.
mv --no-target-directory "$making" "$root" || [ -x "$root/usr/bin/swiftc" ] || cannot "$root is in the way"
say 'done'
