#!/bin/sh
# Tries what `make package` built: that another folder builds the same bytes, what lintian and systemd think of it, and that it is
# installed, upgraded, removed and purged in an empty Debian without leaving anything behind that it should not. Needs root.
set -eu
cd "$(dirname "$0")/.."

most_exposed=1.5 # as systemd counts it
work=.dev/package-check
arch=$(dpkg --print-architecture)

say() { echo "▸ $*"; }
fail() {
	echo "package-check: $*" >&2
	exit 1
}

[ "$(id -u)" = 0 ] || fail "must be run by root, who makes the empty Debian"
umask 022
rm -rf "$work/clone"
mkdir -p "$work"

say "building once more, in another folder"
git clone --quiet --no-hardlinks . "$work/clone"
(cd "$work/clone" && scripts/package.sh >/dev/null)
cmp dist/SHA256SUMS "$work/clone/dist/SHA256SUMS" || fail "another folder builds other bytes; is something not committed?"
rm -rf "$work/clone"

say "lintian"
lintian --allow-root --fail-on error dist/*.deb

say "bills of materials"
for deb in dist/*_"$arch".deb; do
	name=${deb#dist/}
	name=${name%%_*}
	rm -rf "$work/unpacked"
	dpkg-deb --extract "$deb" "$work/unpacked"
	bill=$work/unpacked/usr/share/doc/$name/sbom.cdx.json
	modules=$(go version -m "$work/unpacked/usr/bin/$name" | awk '$1 == "dep" || $1 == "=>" { print $2 "@" $3 }')
	for module in $modules; do
		grep -q "\"purl\": \"pkg:golang/$module\"" "$bill" || fail "$bill lacks $module"
	done
	echo "  $name: $(grep -c '"purl": "pkg:golang/' "$bill") Go modules, $(grep -c '"purl": "pkg:npm/' "$bill" || true) npm packages"
done
rm -rf "$work/unpacked"

say "systemd-analyze security"
for unit in packaging/patch-manager*/*.service; do
	score=$(systemd-analyze security --offline=true --no-pager "$unit" | sed -n 's/.*level for .*: \([0-9.]*\) .*/\1/p')
	echo "  ${unit##*/}: $score of at most $most_exposed"
	[ "$(printf '%s\n' "$score" $most_exposed | sort -g | tail -n 1)" = $most_exposed ] || fail "$unit is exposed more than that"
done

# debian makes an empty Debian with some packages, once, and unpacks it.
debian() {
	made=$PWD/$work/$1
	kept=$made,$2.tar
	if [ ! -e "$kept" ]; then
		rm -rf "$made"
		debootstrap --variant=minbase --include="$2" bookworm "$made" >"$work/debootstrap.log"
		tar -C "$made" -cf "$kept.new" .
		mv "$kept.new" "$kept"
	fi
	rm -rf --one-file-system "$made"
	mkdir "$made"
	tar -C "$made" -xf "$kept"
}

say "an empty Debian"
debian root systemd,dbus
root=$made
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
mkdir -p "$root/packages/now" "$root/packages/next"
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }

# later builds the same programs as a later version.
later() {
	nfpm=$(scripts/tool.sh nfpm)
	for package in patch-manager patch-agent patch-manager-temporal; do
		(cd ".dev/package/$arch" && ARCH=$arch VERSION="$(../../../scripts/version.sh)+later" "$nfpm" package \
			--config "packaging/$package/nfpm.yaml" --packager deb --target "$root/packages/next" >/dev/null)
	done
}

# files lists what is in the empty Debian, but for what dpkg and the system keep for themselves.
files() { (cd "$root" && find . -path ./proc -prune -o -path ./packages -prune -o -path ./var/lib/dpkg -prune -o -path ./var/log -prune -o -print | sort); }

owned() {
	[ "$(inside stat -c '%a %U:%G' "$1")" = "$2" ] || fail "$1 is $(inside stat -c '%a %U:%G' "$1") and not $2"
}

cp dist/*_"$arch".deb "$root/packages/now"
later
inside systemd-sysusers >/dev/null 2>&1 # what Debian's own packages want, so that only ours is new
files >"$work/before"
for round in 1 2 3; do
	say "round $round: install, upgrade, remove, install again, purge"
	inside sh -c 'dpkg --install /packages/now/*.deb' >/dev/null
	owned /etc/patch-manager/keys '700 patch-manager:patch-manager'
	owned /etc/patch-manager/pki '750 patch-manager:patch-manager'
	owned /etc/patch-manager/config.yaml '640 root:patch-manager'
	owned /etc/patch-agent '700 root:root'
	owned /etc/patch-manager-temporal/server.yaml '640 root:patch-manager-temporal'
	inside patch-manager-temporal version >/dev/null
	inside patch-manager --version >/dev/null
	echo key >"$root/etc/patch-manager/keys/health-check.key"
	echo key >"$root/etc/patch-agent/server-key.pem"
	echo '# changed' >>"$root/etc/patch-manager/config.yaml"
	inside sh -c 'dpkg --install /packages/next/*.deb' >/dev/null
	grep -q '^# changed' "$root/etc/patch-manager/config.yaml" || fail "an upgrade took back a changed setting"
	inside dpkg --remove patch-manager patch-agent patch-manager-temporal >/dev/null
	[ -e "$root/etc/patch-manager/keys/health-check.key" ] || fail "a removal took the keys"
	[ -e "$root/etc/patch-agent/server-key.pem" ] || fail "a removal took the agent's key"
	[ ! -e "$root/usr/bin/patch-manager" ] || fail "a removal left the program"
	inside sh -c 'dpkg --install /packages/next/*.deb' >/dev/null
	[ "$(cat "$root/etc/patch-manager/keys/health-check.key")" = key ] || fail "the keys did not survive"
	inside dpkg --purge patch-manager patch-agent patch-manager-temporal >/dev/null
	files >"$work/after"
	diff "$work/before" "$work/after" || fail "a purge left something behind"
	inside getent passwd patch-manager >/dev/null || fail "a purge removed the user, whose number another one could get"
done
umount "$root/proc"
trap - EXIT

say "a bare server with Postgres: install, one command, sign in, upgrade"
debian server systemd,dbus,postgresql,curl,nginx-light
mkdir -p "$made/packages/next" "$made/compose"
rm -f "$made/etc/systemd/system/multi-user.target.wants/nginx.service"
sh packaging/compose/secrets.sh patches.example.com "$made/compose/secrets"
cp packaging/compose/databases.sh packaging/compose/nginx.conf "$made/compose"
cp dist/*_"$arch".deb "$made/packages"
cp "$root"/packages/next/*.deb "$made/packages/next"
cp scripts/package-try.sh "$made/try.sh"
printf '[Unit]\nAfter=multi-user.target postgresql.service\n[Service]\nExecStart=/bin/sh /try.sh\n' >"$made/etc/systemd/system/try.service"
ln -s ../try.service "$made/etc/systemd/system/multi-user.target.wants/try.service"
timeout 300 systemd-nspawn --quiet --boot --directory="$made" --private-network --register=no --keep-unit >"$work/server.log" 2>&1 ||
	fail "the server did not stop; see $work/server.log"
grep -q '^all is well$' "$made/result" || {
	cat "$made/result"
	fail "the server does not work"
}
say "all is well"
