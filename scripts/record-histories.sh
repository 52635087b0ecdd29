#!/bin/sh
# Records the histories that `go test ./workflows` replays, by the workflows of a release:
#
#   scripts/record-histories.sh <tag or commit> [<name of the folder>]
#
# The recorder of this tree is built in a fresh work tree of the release, so that no line of a workflow is this tree's.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
release=$1
name=${2:-$(git -C "$root" describe --tags --exact-match "$release" 2>/dev/null || git -C "$root" rev-parse --short=12 "$release^{commit}")}
commit=$(git -C "$root" rev-parse "$release^{commit}")
out=$root/workflows/testdata/histories/$name
work=$root/.dev/record-histories

if [ -e "$out" ]; then
	echo "record-histories: $out is there already; what is recorded is never recorded again" >&2
	exit 1
fi
git -C "$root" merge-base --is-ancestor "$commit" HEAD || {
	echo "record-histories: $commit is no ancestor of what is checked out" >&2
	exit 1
}
cleanup() {
	git -C "$root" worktree remove --force "$work/tree" 2>/dev/null || true
	rm -rf "$work"
}
cleanup
trap cleanup EXIT
mkdir -p "$work/out" "$work/temporal"
git -C "$root" worktree add --detach "$work/tree" "$commit" >/dev/null
rm -rf "$work/tree/integration/histories"
cp -R "$root/integration/histories" "$work/tree/integration/histories"
if [ -n "$(git -C "$work/tree" status --porcelain -- . ':!integration/histories')" ]; then
	echo "record-histories: the work tree of $commit is not clean" >&2
	exit 1
fi
tree=$(git -C "$work/tree" write-tree --prefix=workflows/)
(cd "$work/tree" && go build -trimpath -o "$work/recorder" ./integration/histories)
"$work/recorder" -out "$work/out" -dir "$work/temporal" -commit "$commit" -tree "$tree"
mkdir -p "$(dirname "$out")"
mv "$work/out" "$out"
echo "recorded $out"
