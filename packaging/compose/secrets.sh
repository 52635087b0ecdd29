#!/bin/sh
# Makes the secrets of compose.yaml, where they are not there yet:
#
#   packaging/compose/secrets.sh <name of the installation> [<folder>]     packaging/secrets/ unless given
#
# The certificate is one that signs itself, until somebody puts a better one into its place.
set -eu

host=${1:?the name of the installation, such as patches.example.com}
folder=${2:-$(dirname "$0")/../secrets}
umask 077
mkdir -p "$folder"
cd "$folder"

random() { od -A n -N 24 -t x1 /dev/urandom | tr -d ' \n'; }

# Only this folder's owner gets at the files; in the containers each is there for whoever is to read it.
write() {
	cat >"$1.new"
	chmod 0444 "$1.new"
	mv "$1.new" "$1"
}

[ -e postgres ] || random | write postgres
for login in owner app temporal; do
	[ -e $login ] || echo "*:*:*:*:$(random)" | write $login
done
if [ ! -e certificate ]; then
	made=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 397 -subj "/CN=$host" \
		-addext "subjectAltName=DNS:$host" -keyout - 2>/dev/null)
	printf '%s\n' "$made" | sed -n '/BEGIN PRIVATE KEY/,/END PRIVATE KEY/p' | write certificate-key
	printf '%s\n' "$made" | sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' | write certificate
fi
