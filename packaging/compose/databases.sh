#!/bin/sh
# Makes logins and databases in a new Postgres, once. Each password is the last field of a file of the format that Postgres's own
# clients read passwords from, so that nobody has to put one into a variable.
set -eu

password() { cut -d : -f 5 "/run/secrets/$1"; }

psql --no-psqlrc --quiet --username postgres --set ON_ERROR_STOP=1 \
	--set owner="$(password owner)" --set app="$(password app)" --set temporal="$(password temporal)" <<'SQL'
create role patch_manager_app nologin;
create role "patch-manager-owner" login password :'owner';
create role "patch-manager" login password :'app' in role patch_manager_app;
create database patch_manager owner "patch-manager-owner";
create role temporal login password :'temporal';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
SQL
