#!/bin/sh
# Builds the packages of this tree into dist/:
#
#   scripts/package.sh [<architecture> ...]     amd64 and arm64 unless given
#
# Nothing of the machine gets into them, neither its clock nor paths, so that anybody who builds a commit gets the same bytes.
set -eu
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- amd64 arm64
packages="patch-manager patch-agent patch-manager-temporal"
nfpm=$(scripts/tool.sh nfpm)
VERSION=$(scripts/version.sh)
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git show --no-patch --format=%ct HEAD)
export VERSION SOURCE_DATE_EPOCH
umask 022

# build puts a program into the stage: its name, the module it is in, its package there, and what the linker sets.
build() {
	(cd "$2" && CGO_ENABLED=0 GOOS=linux GOARCH="$ARCH" GOFLAGS='' go build -trimpath -buildvcs=false \
		-ldflags "-s -w -buildid= $4" -o "$STAGE/bin/$1" "$3")
}

# zipped compresses a file without its name and time.
zipped() { gzip -n9 <"$1" >"$2"; }

# describe makes what is for reading and typing, by a program of this machine.
describe() {
	go build -trimpath -ldflags "-X main.release=$VERSION" -o "$STAGE/host" ./cmd/patch-manager
	mkdir -p "$STAGE/man" "$STAGE/doc/docs" "$STAGE/pages"
	"$STAGE/host" man "$STAGE/pages"
	for page in "$STAGE"/pages/*; do
		zipped "$page" "$STAGE/man/${page##*/}.gz"
	done
	for shell in bash zsh fish; do
		"$STAGE/host" completion $shell >"$STAGE/completion.$shell"
	done
	cp README.md SECURITY.md CHANGELOG.md "$STAGE/doc"
	cp docs/*.md "$STAGE/doc/docs"
	mkdir -p "$STAGE/changelog"
	for package in $packages; do
		debian_changelog $package >"$STAGE/changelog/$package"
		zipped "$STAGE/changelog/$package" "$STAGE/changelog/$package.gz"
	done
}

# bills lists what each program is made of, of Go and of npm, for the packages and beside them.
bills() {
	mkdir -p "$STAGE/sbom"
	go build -trimpath -o "$STAGE/bill" ./packaging/sbom
	for package in $packages; do
		lock=''
		[ $package != patch-manager ] || lock=web/package-lock.json # of the web UI in it
		"$STAGE/bill" -name $package -version "$VERSION" -at "$SOURCE_DATE_EPOCH" -lock "$lock" "$STAGE/bin/$package" \
			>"$STAGE/sbom/$package.cdx.json"
		cp "$STAGE/sbom/$package.cdx.json" "$dist/${package}_${VERSION}_$ARCH.cdx.json"
	done
}

# debian_changelog says in Debian's words what a package is; what changed is in CHANGELOG.md.
debian_changelog() {
	printf '%s (%s-1) unstable; urgency=medium\n\n  * Release %s.\n\n -- Patch Manager maintainers <maintainers@patch-manager.org>  %s\n' \
		"$1" "$VERSION" "$VERSION" "$(LC_ALL=C date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")"
}

scripts/web.sh build
dist=$PWD/dist
rm -rf "$dist"
mkdir -p "$dist"
for ARCH; do
	STAGE=$PWD/.dev/package/$ARCH
	export ARCH
	rm -rf "$STAGE"
	mkdir -p "$STAGE"
	cp -R packaging "$STAGE/packaging"
	build patch-manager . ./cmd/patch-manager "-X main.release=$VERSION -X main.builtFrom=$commit"
	build patch-agent . ./cmd/patch-agent "-X main.version=$VERSION"
	build patch-manager-temporal temporal-dev ./cmd/patch-manager-temporal "-X main.version=$VERSION"
	describe
	bills
	for package in $packages; do
		for kind in deb rpm; do
			(cd "$STAGE" && "$nfpm" package --config "packaging/$package/nfpm.yaml" --packager $kind --target "$dist")
		done
	done
done
(cd dist && sha256sum -- * >SHA256SUMS)
ls -l dist
