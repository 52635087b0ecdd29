#!/bin/sh
# Fails where the programs reach code that the Go vulnerability database knows to be vulnerable, that of the standard library
# included. The database is vuln.go.dev's; where that does not answer, the copy of it that tools/vulndb pins, which comes
# from the module proxy as any module does. Where neither is to be had it says that nothing was checked, and does not fail.
set -eu
cd "$(dirname "$0")/.."

tool=$(scripts/tool.sh govulncheck)

# reachable says when the online database was last changed, and fails where it does not answer.
reachable() { timeout 30 "$tool" -db "$1" -version 2>/dev/null | sed -n 's/^DB updated: //p' | grep .; }

pinned() {
	folder=$(cd tools/vulndb && GOFLAGS='' go mod download -json golang.org/x/vulndb | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
	[ -d "$folder/data/osv" ] && echo "file://$folder/data/osv"
}

db=https://vuln.go.dev
if as_of=$(reachable "$db"); then
	echo "govulncheck: the database of $as_of"
elif db=$(pinned); then
	version=$(sed -n 's/^require golang.org\/x\/vulndb //p' tools/vulndb/go.mod)
	echo "NOTICE: vuln.go.dev does not answer; govulncheck looks in the copy of it that tools/vulndb pins, $version" >&2
else
	echo "NOTICE: NOT CHECKED for known vulnerabilities: neither vuln.go.dev nor the copy that tools/vulndb pins is to be had" >&2
	exit 0
fi

# What is released is built with the toolchain that go.mod names, which mends what was known of the standard library. A machine
# that keeps to an older Go of its own builds for itself all the same, and is told.
release=$(sed -n 's/^toolchain //p' go.mod)
own=$(go env GOVERSION)
if [ "$(printf '%s\n' "$release" "$own" | sort -V | tail -n 1)" != "$own" ]; then
	echo "NOTICE: this machine builds with $own, whose standard library has known vulnerabilities that $release mends" >&2
	export GOVERSION="$release"
fi

status=0
"$tool" -db "$db" ./... >"${TMPDIR:-/tmp}/govulncheck.$$" 2>&1 || status=$?
# One line of each trace says enough; there may be hundreds.
grep -v '^      #[0-9]*[0-9][0-9]:' "${TMPDIR:-/tmp}/govulncheck.$$" || true
rm -f "${TMPDIR:-/tmp}/govulncheck.$$"
exit "$status"
