#!/bin/sh
# Runs `patch-manager demo-real`: a real Debian guest, patched by the product.
#
#   scripts/demo-real.sh           run it
#   scripts/demo-real.sh --check   only say whether this machine can, and why not
set -eu
cd "$(dirname "$0")/.."

why_not() {
	if [ "$(id -u)" != 0 ]; then
		echo "it needs root: debootstrap and systemd-nspawn make file systems and namespaces"
	elif ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg >/dev/null 2>&1; then
		echo "it needs Debian or Ubuntu"
	elif ! unshare --mount --pid --fork true 2>/dev/null; then
		echo "this machine does not let root make namespaces"
	fi
}

reason=$(why_not)
if [ -n "$reason" ]; then
	echo "make demo-real can not run here: $reason" >&2
	exit 1
fi
[ "${1:-}" != --check ] || exit 0

scripts/ensure-deps.sh
scripts/ensure-deps.sh real-host
scripts/build.sh
# Without cgo, since the guest's C library may be older than this machine's.
mkdir -p .dev/real
CGO_ENABLED=0 go build -o .dev/real/patch-agent ./cmd/patch-agent
exec bin/patch-manager demo-real
