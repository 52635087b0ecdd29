#!/bin/sh
# Works on the web UI with the Node.js that it pins, installing from web/package-lock.json what is missing:
#
#   scripts/web.sh build            into web/dist, unless nothing has changed since it was
#   scripts/web.sh npm <argument>...  one of npm's commands in web/
set -eu
cd "$(dirname "$0")/../web"

# digest is what the files given on standard input hold.
digest() { tr '\n' '\0' | xargs -0 sha256sum | sha256sum; }

install() {
	want=$(printf 'package.json\npackage-lock.json\n' | digest)
	[ "$(cat node_modules/.installed 2>/dev/null)" = "$want" ] && return
	npm ci --no-audit --no-fund --loglevel=error >&2
	echo "$want" >node_modules/.installed
}

build() {
	want=$(git ls-files --cached --others --exclude-standard -- . ':!e2e' ':!screenshots' ':!*.go' ':!dist' | sort | digest)
	[ -e dist/index.html ] && [ "$(cat node_modules/.built 2>/dev/null)" = "$want" ] && return
	npm run --silent build -- --logLevel warn >&2
	echo "$want" >node_modules/.built
}

install
export PATH="$PWD/node_modules/.bin:$PATH"
case $1 in
build) build ;;
npm) exec "$@" ;;
esac
