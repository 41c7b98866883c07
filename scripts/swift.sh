#!/usr/bin/env bash
# Runs a command where scripts/install-swift.sh has put the Swift compiler, for instance `scripts/swift.sh swiftc --version`.
# Its folder is the project's: paths are relative to that.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v swiftc >/dev/null; then exec "$@"; fi

# The compiler looks itself up in /proc. With mounts of our own, nothing is left behind, however this ends.
exec unshare --mount bash -euc '
  mount -t proc proc "$0/proc"
  mount --bind . "$0/mnt"
  exec chroot "$0" env --chdir=/mnt "$@"
' "${RINGWAY_SWIFT_ROOT:-/var/cache/ringway-swift}" "$@"
