#!/bin/sh
# Removes what was built and the state of `make dev`, where root's Postgres data lies outside of the checkout too.
set -eu
cd "$(dirname "$0")/.."
if [ -L .dev/postgres ]; then
	data=$(readlink .dev/postgres)
	case $data in
	/var/lib/patch-manager-dev/*) rm -rf "$data" ;;
	esac
fi
rm -rf .dev bin
