#!/bin/sh
# What somebody new does on a bare server with Postgres, by the packages, and what has to be so then. Runs as the last thing of the boot of
# a container that scripts/package-check.sh starts, and leaves what happened in /result.
exec >/result 2>&1
set -eux
trap 'systemctl poweroff' EXIT
export DEBIAN_FRONTEND=noninteractive HOME=/root
password='correct horse battery staple'
services="patch-manager-temporal patch-manager-migrate patch-manager-api patch-manager-worker"

dpkg --install /packages/*.deb
echo "$password" | patch-manager-setup
systemctl is-active $services
for service in $services; do
	[ "$(systemctl show --property=NRestarts --value $service)" -eq 0 ]
done
curl --silent --fail http://127.0.0.1:8080/readyz | grep '"temporal":"ok"'
curl --silent --fail --output /dev/null http://127.0.0.1:8233/

echo "$password" | patch-manager login http://127.0.0.1:8080 --user admin
patch-manager host add web1.example.com --address 192.0.2.1
patch-manager window add --host web1.example.com --recurrence daily --start-time 00:00 --duration 24h --time-zone UTC
job=$(patch-manager job create --host web1.example.com -o json | sed -n 's/^  "id": "\(.*\)",/\1/p')
timeout 60 sh -c "while ! patch-manager job list -o json | grep -q waiting_health_check; do sleep 1; done"

# This machine as a host: one command enrols it, and its agent is upgraded by the apt that it runs itself, which its restart does not end.
within() {
	limit=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt $limit ]
		sleep 1
	done
}
token=$(runuser -u patch-manager -- patch-manager token create --user robot --role admin)
api() { curl --silent --show-error --fail --header "Authorization: Bearer $token" --header 'Content-Type: application/json' "http://127.0.0.1:8080/api/v1/$1" $2; }
asked() { api enrolments | grep '"fqdn":"server.example.com"'; }
patch-agent enroll --manager http://127.0.0.1:8080 --fqdn server.example.com &
within 60 asked
api "enrolments/$(api enrolments | grep --only-matching '"id":"[^"]*"' | cut -d '"' -f 4)/approve" '--data {}'
wait $!
systemctl is-active patch-agent
before=$(systemctl show --property=MainPID --value patch-agent)
mkdir /repository
cp /packages/next/patch-agent_*.deb /repository
cd /repository
for deb in *.deb; do
	dpkg-deb --field "$deb"
	printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat --format=%s "$deb")" "$(sha256sum "$deb" | cut -d ' ' -f 1)"
done >Packages
echo 'deb [trusted=yes] file:/repository ./' >/etc/apt/sources.list
apt-get update
patch-manager job create --host server.example.com --package patch-agent --immediate -o json | sed -n 's/^  "id": "\(.*\)",/\1/p' >/upgrade
timeout 120 patch-manager job watch "$(cat /upgrade)"
dpkg-query --show --showformat '${Version} ${Status}' patch-agent | grep 'later.* install ok installed'
systemctl is-active patch-agent
[ "$(systemctl show --property=MainPID --value patch-agent)" != "$before" ]

# The wait goes on through an upgrade of everything.
dpkg --install /packages/next/*.deb
systemctl is-active $services
timeout 60 sh -c "while ! curl --silent --fail http://127.0.0.1:8080/readyz; do sleep 1; done"
dpkg-query --show --showformat '${Version}' patch-manager | grep later
patch-manager job list -o json | grep waiting_health_check
patch-manager job cancel "$job"
timeout 60 patch-manager job watch "$job" && exit 1 || [ $? -eq 7 ]

# Run again it changes nothing and asks nothing.
patch-manager-setup </dev/null
patch-manager host show web1.example.com

# Of the installation by containers what needs none: its databases in a Postgres of its own, its logins by files over TCP, a program that
# has nothing but itself, and the proxy's configuration.
pg_createcluster 15 compose --port 5433 --start
ln -s /compose/secrets /run/secrets
chmod 0755 /compose/secrets
PGPORT=5433 runuser --preserve-environment -u postgres -- sh /compose/databases.sh
mkdir -p /scratch/run /scratch/usr/bin
cp -R /compose/secrets /scratch/run/secrets
cp /usr/bin/patch-manager /scratch/usr/bin
at=127.0.0.1:5433/patch_manager?passfile=/run/secrets
in_scratch() {
	PATCH_MANAGER_DATABASE__URL="postgres://patch-manager@$at/app" PATCH_MANAGER_DATABASE__MIGRATE_URL="postgres://patch-manager-owner@$at/owner" \
		chroot --userspec=65532:65532 /scratch /usr/bin/patch-manager "$@"
}
in_scratch migrate
in_scratch user list
if in_scratch probe http://127.0.0.1:9/healthz; then exit 1; fi
in_scratch probe http://127.0.0.1:8080/readyz
nginx -t -c /compose/nginx.conf
echo "all is well"
