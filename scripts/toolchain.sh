#!/bin/sh
# Prints what GOTOOLCHAIN is to be: auto, by which the go command fetches the release that go.mod names where the machine's
# own is older, unless that release is not to be had here. Each release mends what is known of the standard library.
cd "$(dirname "$0")/.." || exit 1
if GOTOOLCHAIN=auto ${GO:-go} version >/dev/null 2>&1; then
	echo auto
	exit
fi
echo "NOTICE: $(sed -n 's/^toolchain //p' go.mod) is not to be had here: building with the machine's own release of Go" >&2
echo local
