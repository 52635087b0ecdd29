package store

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/patch-manager/patch-manager/fleet"
)

// The conditions of Postgres that are told apart, by their five-character codes.
const (
	codeSerialization  = "40001"
	codeDeadlock       = "40P01"
	codeBadCharacter   = "22021"
	codeUntranslatable = "22P05"
	codeForeignKey     = "23503"
)

// codesAway begin the codes of what is wrong with the server and not with a query: its connections, what it has run out of
// (disk, memory, connections), whoever stops it, and the disk that it can not read or write.
var codesAway = []string{"08", "25P03", "53", "57P", "580"}

// byConstraint says what a broken constraint means for whoever asked. A constraint that is missing here is a defect of
// ours, since the input was validated before.
var byConstraint = map[string]*fleet.Error{
	"hosts_fqdn_key": {
		Kind: fleet.KindConflict, Code: "fqdn_taken", Field: "fqdn", Message: "another host has this fqdn",
	},
	"groups_name_key": {
		Kind: fleet.KindConflict, Code: "name_taken", Field: "name", Message: "another group has this name",
	},
	"users_name_key": {
		Kind: fleet.KindConflict, Code: "name_taken", Field: "name", Message: "another user has this name",
	},
	"users_last_administrator": {
		Kind: fleet.KindConflict, Code: "last_administrator", Message: "the last enabled administrator can not be deleted, disabled or made none",
	},
	"host_health_checks_name_key": {
		Kind: fleet.KindConflict, Code: "name_taken", Field: "name", Message: "another check of the host has this name",
	},
	"host_health_checks_slot_key": {
		Kind: fleet.KindConflict, Code: "limit_exceeded", Message: "a host has at most 5 health checks",
	},
	"group_users_user_id_fkey":                   {Kind: fleet.KindNotFound, Code: "not_found", Message: "user not found"},
	"group_users_group_id_fkey":                  {Kind: fleet.KindNotFound, Code: "not_found", Message: "group not found"},
	"group_hosts_group_id_fkey":                  {Kind: fleet.KindNotFound, Code: "not_found", Message: "group not found"},
	"group_hosts_host_id_fkey":                   {Kind: fleet.KindNotFound, Code: "not_found", Message: "host not found"},
	"host_health_checks_host_id_fkey":            {Kind: fleet.KindNotFound, Code: "not_found", Message: "host not found"},
	"maintenance_windows_host_id_fkey":           {Kind: fleet.KindNotFound, Code: "not_found", Message: "host not found"},
	"maintenance_windows_group_id_fkey":          {Kind: fleet.KindNotFound, Code: "not_found", Message: "group not found"},
	"patch_attempts_host_busy":                   {Kind: fleet.KindConflict, Code: "host_busy", Message: "another patch of the host is unfinished"},
	"host_health_checks_type_fields":             {Kind: fleet.KindInvalid, Code: "invalid_field", Field: "check_type", Message: "does not go with the other fields"},
	"maintenance_windows_duration_minutes_check": {Kind: fleet.KindInvalid, Code: "invalid_field", Field: "duration_minutes", Message: "must be from 1 to 10080"},
	"maintenance_windows_weekly":                 {Kind: fleet.KindInvalid, Code: "invalid_field", Field: "weekdays", Message: "goes with a weekly recurrence, and only with that"},
	"maintenance_windows_monthly":                {Kind: fleet.KindInvalid, Code: "invalid_field", Field: "day_of_month", Message: "a monthly window has either day_of_month or nth_weekday"},
	"host_health_checks_basic_auth_key_id_fkey":  {Kind: fleet.KindUnavailable, Code: fleet.CodeKeyChanged, Message: "the encryption key changed meanwhile"},
}

// errAway is what every failure to reach the database becomes.
var errAway = fleet.Unavailable("database_unavailable", "the database does not answer")

// translate turns an error of the driver into one of fleet's kinds where it means something to whoever asked; the rest,
// nil included, stays as it is.
func translate(err error) error {
	var known *fleet.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return translateServer(pg, err)
	}
	if unreachable(err) {
		return errors.Join(errAway, err)
	}
	return err
}

func translateServer(pg *pgconn.PgError, err error) error {
	if known, ok := byConstraint[pg.ConstraintName]; ok {
		return known
	}
	switch {
	case pg.Code == codeBadCharacter, pg.Code == codeUntranslatable:
		return fleet.Invalid("", "text must be valid UTF-8 without NUL characters")
	case slices.ContainsFunc(codesAway, func(beginning string) bool { return strings.HasPrefix(pg.Code, beginning) }):
		return errors.Join(errAway, err)
	}
	return err
}

// unreachable reports whether err is a failure of the connection and not of the query. A caller who gave up is neither.
func unreachable(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

// givenUp reports whether Postgres ended the transaction for the sake of another one, so that running it again helps.
func givenUp(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == codeSerialization || pg.Code == codeDeadlock)
}

// found is translate for the read of one row: no row means that noun does not exist, or not for this caller.
func found(err error, noun string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fleet.NotFound(noun)
	}
	return translate(err)
}
