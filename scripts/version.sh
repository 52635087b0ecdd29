#!/bin/sh
# Prints the version that packages of this tree have: that of the tag v1.2.3 where it is checked out, and otherwise one below every
# release, by the time and name of the commit.
set -eu
cd "$(dirname "$0")/.."

tag=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null) && {
	echo "${tag#v}"
	exit 0
}
TZ=UTC git show --no-patch --date=format-local:%Y%m%d%H%M%S --format='0.0.0~%cd.%h' --abbrev=12 HEAD
