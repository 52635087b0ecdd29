#!/bin/sh
# Sees to the Debian packages that a target of the Makefile needs:
#
#   scripts/ensure-deps.sh            the Postgres server's programs, for development and tests, and npm for the web UI
#   scripts/ensure-deps.sh browser    also the browser that the web UI is tested in
#   scripts/ensure-deps.sh faults     also what `make faults` sets the clock of Postgres with
#   scripts/ensure-deps.sh package    also what `make package-check` tries packages with
#   scripts/ensure-deps.sh real-host  also what `make demo-real` boots a guest with
#
# Root and whoever may sudo without a password get them installed; everybody else is told the one command to run.
set -eu

have_postgres() {
	command -v postgres >/dev/null 2>&1 && return 0
	for dir in /usr/lib/postgresql/*/bin; do
		[ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] && return 0
	done
	dir=$(pg_config --bindir 2>/dev/null) && [ -x "$dir/postgres" ]
}

have_faketime() {
	for lib in /usr/lib/*/faketime/libfaketime.so.1; do
		[ ! -e "$lib" ] || return 0
	done
	return 1
}

have() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

# missing prints the packages that the machine lacks.
missing() {
	have_postgres || echo postgresql
	have npm || echo npm
	[ "${1:-}" != browser ] || have chromium || have chromium-browser || have google-chrome || echo chromium
	[ "${1:-}" != faults ] || have_faketime || echo libfaketime
	[ "${1:-}" != package ] || { have lintian || echo lintian; have debootstrap || echo debootstrap; have systemd-nspawn || echo systemd-container; }
	[ "${1:-}" = real-host ] || return 0
	have debootstrap || echo debootstrap
	have systemd-nspawn || echo systemd-container
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
}

# Debian's server package makes a cluster and starts it at boot. We only want the programs, so it is told not to for as
# long as we install.
cluster_conf=/etc/postgresql-common/createcluster.d/patch-manager.conf

without_cluster() {
	mkdir -p "${cluster_conf%/*}"
	trap 'rm -f "$cluster_conf"' EXIT
	echo 'create_main_cluster = false' >"$cluster_conf"
}

install_packages() {
	export DEBIAN_FRONTEND=noninteractive
	without_cluster
	# Package lists may be absent, as in a fresh container, or older than what the mirror still has.
	apt-get install -y --no-install-recommends "$@" || {
		apt-get update
		apt-get install -y --no-install-recommends "$@"
	}
}

need=$(missing "${1:-}" | tr '\n' ' ')
[ -n "$need" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "This machine lacks: $need- and has no apt-get; please install them." >&2
	exit 1
fi
if [ "$(id -u)" = 0 ]; then
	echo "Installing $need..." >&2
	# shellcheck disable=SC2086 # one word for each package
	install_packages $need >&2
	exit 0
fi
self=$(cd "$(dirname "$0")" && pwd)/${0##*/}
if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	exec sudo -n "$self" "$@"
fi
echo "This machine lacks: $need" >&2
echo "Please run once, then try again:" >&2
if command -v sudo >/dev/null 2>&1; then
	echo "  sudo '$self' $*" >&2
else
	echo "  su -c \"'$self' $*\"" >&2
fi
exit 1
