#!/bin/sh
# Removes what was built and the state of `make dev`, where root's Postgres data lies outside of the checkout too.
set -eu
cd "$(dirname "$0")/.."
# A run of the faults that was killed leaves the small disks that it fills up.
while read -r kind at _; do
	case "$kind $at" in
	"faults $PWD/.dev/"*) umount -l "$at" ;;
	esac
done </proc/mounts
for link in .dev/postgres .dev/*/postgres .dev/faults/*/postgres; do
	[ -L "$link" ] || continue
	data=$(readlink "$link")
	case $data in
	/var/lib/patch-manager-dev/*)
		! grep -q "^faults $data " /proc/mounts || umount -l "$data"
		rm -rf "$data"
		;;
	esac
done
rm -rf .dev bin
