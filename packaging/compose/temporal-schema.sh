#!/bin/sh
# Brings the schema of Temporal's two databases up to date, from nothing or from an older release.
set -eu

SQL_PASSWORD=$(cut -d : -f 5 /run/secrets/temporal)
export SQL_PASSWORD

up() {
	tool="temporal-sql-tool --plugin postgres12 --endpoint postgres --port 5432 --user temporal --database $1"
	$tool setup-schema --version 0.0
	$tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

up temporal temporal
up temporal_visibility visibility
