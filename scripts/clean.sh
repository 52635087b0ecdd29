#!/bin/sh
# Removes what was built and the state of `make dev`, where root's Postgres data lies outside of the checkout too.
set -eu
cd "$(dirname "$0")/.."
for link in .dev/postgres .dev/*/postgres .dev/faults/*/postgres; do
	[ -L "$link" ] || continue
	data=$(readlink "$link")
	case $data in
	/var/lib/patch-manager-dev/*) rm -rf "$data" ;;
	esac
done
rm -rf .dev bin
