#!/bin/sh
# Builds a pinned tool once and prints its path:
#
#   scripts/tool.sh oapi-codegen|sqlc|gofumpt|golangci-lint|workflowcheck|govulncheck|temporal|nfpm|oasdiff
#
# The versions are those of tools/go.mod, tools/release/go.mod and temporal-dev/go.mod.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
bin=${XDG_CACHE_HOME:-$HOME/.cache}/patch-manager/bin

case $1 in
sqlc) module=github.com/sqlc-dev/sqlc package=$module/cmd/sqlc dir=tools ;;
gofumpt) module=mvdan.cc/gofumpt package=$module dir=tools ;;
golangci-lint) module=github.com/golangci/golangci-lint/v2 package=$module/cmd/golangci-lint dir=tools ;;
workflowcheck) module=go.temporal.io/sdk/contrib/tools/workflowcheck package=$module dir=tools ;;
govulncheck) module=golang.org/x/vuln package=$module/cmd/govulncheck dir=tools ;;
oapi-codegen) module=github.com/oapi-codegen/oapi-codegen/v2 package=$module/cmd/oapi-codegen dir=tools/client ;;
nfpm) module=github.com/goreleaser/nfpm/v2 package=$module/cmd/nfpm dir=tools/release ;;
oasdiff) module=github.com/oasdiff/oasdiff package=$module dir=tools/release ;;
temporal) module=github.com/temporalio/cli package=$module/cmd/temporal dir=temporal-dev ;;
*)
	echo "tool.sh: unknown tool $1" >&2
	exit 2
	;;
esac

version=$(awk -v module="$module" '$1 == module && $2 ~ /^v/ { print $2; exit }' "$root/$dir/go.mod")
tool=$bin/$1-$version
if [ ! -x "$tool" ]; then
	mkdir -p "$bin"
	# Two makes at once build it once.
	exec 9>"$bin/.$1.lock"
	flock 9
	if [ ! -x "$tool" ]; then
		echo "building $1 $version, once for this machine" >&2
		# 9>&-: what the Go command leaves running must not hold the lock.
		(cd "$root/$dir" && GOFLAGS='' GOWORK=off go build -o "$tool.new" "$package" 9>&-)
		mv "$tool.new" "$tool"
	fi
fi
echo "$tool"
