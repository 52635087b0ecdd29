#!/bin/sh
# Runs every fuzz target of the tree, one after the other, for a time each:
#
#   scripts/fuzz.sh 10m [folder ...]
#
# What a target fails with is left in its package's testdata/fuzz, where the ordinary tests run it from then on: commit it
# with its repair. What only makes a target reach further is kept in Go's build cache and goes on from there.
set -eu
cd "$(dirname "$0")/.."

time=$1
shift
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
trap 'exit 130' INT TERM

if [ $# -eq 0 ]; then
	# Tests lie beside what they test, so that each folder with a target is found by its tests.
	set -- $(git ls-files --cached --others --exclude-standard '*_test.go' | xargs grep -l '^func Fuzz' | xargs -n 1 dirname | sort -u)
fi
# Now and then Go's engine calls it a failure that the time is over, and has no input to show for it.
is_over() { grep -qx ' *context deadline exceeded' "$1" && ! grep -q 'Failing input written' "$1"; }

targets=0
failed=
for folder in "$@"; do
	${GO:-go} test -c -fuzz . -o "$bin/fuzz.test" "./$folder"
	corpus=$(${GO:-go} env GOCACHE)/fuzz/$(${GO:-go} list "./$folder")
	for target in $(cd "$folder" && "$bin/fuzz.test" -test.list '^Fuzz'); do
		targets=$((targets + 1))
		echo "fuzz $folder.$target for $time"
		(cd "$folder" && "$bin/fuzz.test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$time" \
			-test.fuzzminimizetime 10s -test.fuzzcachedir "$corpus" >"$bin/log" 2>&1) || is_over "$bin/log" || failed="$failed $folder.$target"
		case " $failed " in
		*" $folder.$target "*) cat "$bin/log" ;;
		*) grep elapsed "$bin/log" | tail -n 1 ;;
		esac
	done
done
if [ "$targets" -eq 0 ]; then
	echo "no fuzz target was found" >&2
	exit 1
fi
if [ -n "$failed" ]; then
	echo "$targets targets, failed:$failed" >&2
	exit 1
fi
echo "$targets targets, none failed"
