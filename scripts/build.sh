#!/bin/sh
# Builds the web UI and with it the product, and beside them the Temporal development server where the machine has none, saying now and then how
# long that has been going on: the first time takes minutes.
set -eu
cd "$(dirname "$0")/.."

# Each build is a process group of its own, so that stopping it leaves no compiler behind.
groups=
stop() {
	trap - INT TERM
	for group in $groups; do
		kill -s TERM -- "-$group" 2>/dev/null || true
	done
	wait
	exit 130
}
trap stop INT TERM

mkdir -p bin
setsid sh -c 'scripts/web.sh build && go build -o bin/ ./cmd/...' &
product=$!
groups=$product
temporal=
if ! command -v temporal >/dev/null 2>&1; then
	setsid scripts/tool.sh temporal >/dev/null &
	temporal=$!
	groups="$groups $temporal"
fi

ticks=0
# follow waits for process $1 and meanwhile says every five seconds that $2 goes on.
follow() {
	while kill -0 "$1" 2>/dev/null; do
		sleep 0.1
		ticks=$((ticks + 1))
		[ $((ticks % 50)) -ne 0 ] || echo "  building $2: $((ticks / 10)) s" >&2
	done
	wait "$1"
}

failed=0
follow "$product" "patch-manager" || failed=1
[ -z "$temporal" ] || follow "$temporal" "temporal (about five minutes, once for this machine)" || failed=1
exit "$failed"
