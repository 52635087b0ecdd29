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
echo "all is well"
