package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// exportPage is how many entries of an export are read at a time.
const exportPage = 1000

// Audit returns the entries that pass the filter, the newest first, and writes an entry of who read them, which only
// administrators may.
func (s *Store) Audit(ctx context.Context, by fleet.Caller, f fleet.AuditFilter) (entries []fleet.AuditEntry, err error) {
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	err = s.change(ctx, by, func(tx pgx.Tx, q *sqlgen.Queries) error {
		if entries, err = readAudit(ctx, tx, f); err != nil {
			return fmt.Errorf("read audit entries: %w", err)
		}
		return writeAudit(ctx, q, by.Actor(), fleet.ActionAuditRead, "audit", "", readDetail("json", f))
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// ExportAudit is Audit for all entries that there are now, read page by page: the function it returns yields the next
// ones until there are none. The entry of who read them is written first, since whoever has read a part has read. It
// refuses more than most entries.
func (s *Store) ExportAudit(ctx context.Context, by fleet.Caller, f fleet.AuditFilter, most int) (func(context.Context) ([]fleet.AuditEntry, error), error) {
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	err := s.change(ctx, by, func(tx pgx.Tx, q *sqlgen.Queries) error {
		newest, err := newestAudit(ctx, tx)
		if err != nil {
			return fmt.Errorf("read newest audit entry: %w", err)
		}
		if f.Before == 0 || f.Before > newest.Seq {
			f.Before = newest.Seq + 1
		}
		if err := refuseMore(ctx, tx, f, most); err != nil {
			return err
		}
		return writeAudit(ctx, q, by.Actor(), fleet.ActionAuditRead, "audit", "", readDetail("csv", f))
	})
	if err != nil {
		return nil, err
	}
	f.Limit = exportPage
	return func(ctx context.Context) ([]fleet.AuditEntry, error) {
		page, err := readAudit(ctx, s.pool, f)
		if err != nil {
			return nil, fmt.Errorf("read audit entries: %w", translate(err))
		}
		if len(page) > 0 {
			f.Before = page[len(page)-1].Seq
		}
		return page, nil
	}, nil
}

func refuseMore(ctx context.Context, db sqlgen.DBTX, f fleet.AuditFilter, most int) error {
	where, args := auditConditions(f)
	args["max_rows"] = most + 1
	var n int
	err := db.QueryRow(ctx, `select count(*) from (select from audit_entries where true`+where+` limit @max_rows) e`, args).Scan(&n)
	if err != nil {
		return fmt.Errorf("count audit entries: %w", err)
	}
	if n > most {
		return fleet.Invalid("from", "more than %d entries: ask for fewer, for example by from and to", most)
	}
	return nil
}

func readAudit(ctx context.Context, db sqlgen.DBTX, f fleet.AuditFilter) ([]fleet.AuditEntry, error) {
	where, args := auditConditions(f)
	args["max_rows"] = f.Limit
	rows, err := db.Query(ctx, auditSelect+` where true`+where+` order by seq desc limit @max_rows`, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e fleet.AuditEntry, err error) { return e, scanAudit(row, &e) })
}

func auditConditions(f fleet.AuditFilter) (string, pgx.NamedArgs) {
	var where strings.Builder
	args := pgx.NamedArgs{
		"actor": f.Actor, "action": f.Action, "subject_type": f.SubjectType, "subject_id": f.SubjectID, "request_id": f.RequestID,
		"from": f.From, "to": f.To, "before": f.Before,
	}
	when := func(asked bool, condition string) {
		if asked {
			where.WriteString(" and " + condition)
		}
	}
	when(f.Actor != "", actorCondition(f.Actor))
	when(f.Action != "", "action = @action")
	when(f.SubjectType != "", "subject_type = @subject_type")
	when(f.SubjectID != "", "subject_id = @subject_id")
	when(f.RequestID != "", "request_id = @request_id and request_id <> ''")
	when(!f.From.IsZero(), "at >= @from")
	when(!f.To.IsZero(), "at < @to")
	when(f.Before != 0, "seq < @before")
	return where.String(), args
}

func actorCondition(actor string) string {
	if uuid.Validate(actor) == nil {
		return "actor_id = @actor::uuid"
	}
	return "lower(actor_name) = lower(@actor)"
}

// readDetail is what was asked for, for the entry of who read.
func readDetail(format string, f fleet.AuditFilter) map[string]any {
	detail := map[string]any{"format": format}
	for name, value := range map[string]string{
		"actor": f.Actor, "action": f.Action, "subject_type": f.SubjectType, "subject_id": f.SubjectID, "request_id": f.RequestID,
	} {
		if value != "" {
			detail[name] = value
		}
	}
	for name, at := range map[string]time.Time{"from": f.From, "to": f.To} {
		if !at.IsZero() {
			detail[name] = at.UTC()
		}
	}
	if f.Before != 0 {
		detail["before"] = f.Before
	}
	return detail
}
