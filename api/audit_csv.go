package api

import (
	"context"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/patch-manager/patch-manager/fleet"
)

// The bounds of an export: entries in all, and how long the client may take for a page of it.
const (
	maxExport        = 100_000
	exportPageWithin = 30 * time.Second
)

var auditColumns = []string{
	"seq", "at", "actor_id", "actor_name", "action", "subject_type", "subject_id", "request_id", "remote_addr", "detail", "hash",
}

// exportAudit writes the pages of an export as they are read. What can not be finished is cut off in a way that the client
// notices: a table that ends early looks like a whole one.
func (s *server) exportAudit(hc huma.Context, next func(context.Context) ([]fleet.AuditEntry, error)) {
	hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
	hc.SetHeader("Content-Disposition", `attachment; filename="audit.csv"`)
	_, w := humachi.Unwrap(hc)
	if err := writeExport(hc.Context(), w, next); err != nil {
		s.Log.WarnContext(hc.Context(), "export of audit entries cut off", "error", err, "request_id", callerOf(hc.Context()).RequestID)
		panic(http.ErrAbortHandler)
	}
}

func writeExport(ctx context.Context, w http.ResponseWriter, next func(context.Context) ([]fleet.AuditEntry, error)) error {
	control := http.NewResponseController(w)
	table := csv.NewWriter(w)
	table.UseCRLF = true
	if err := table.Write(auditColumns); err != nil {
		return err
	}
	for {
		page, err := nextPage(ctx, next)
		if err != nil {
			return err
		}
		// Not every writer knows deadlines; the connections of the server do.
		_ = control.SetWriteDeadline(time.Now().Add(exportPageWithin))
		for _, e := range page {
			if err := table.Write(auditRow(e)); err != nil {
				return err
			}
		}
		table.Flush()
		if err := errors.Join(table.Error(), control.Flush()); err != nil {
			return err
		}
		_ = control.SetWriteDeadline(time.Time{})
		if len(page) == 0 {
			return nil
		}
	}
}

func nextPage(ctx context.Context, next func(context.Context) ([]fleet.AuditEntry, error)) ([]fleet.AuditEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return next(ctx)
}

func auditRow(e fleet.AuditEntry) []string {
	row := []string{
		strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339Nano), e.ActorID, e.ActorName, e.Action, e.SubjectType, e.SubjectID,
		e.RequestID, e.RemoteAddr, string(e.Detail), hex.EncodeToString(e.Hash),
	}
	for i, cell := range row {
		row[i] = plainCell(cell)
	}
	return row
}

// plainCell keeps a spreadsheet from taking a text for a formula: whoever names a host must not run something on the
// machine of who reads the table.
func plainCell(cell string) string {
	if cell == "" {
		return cell
	}
	text := strings.TrimLeft(cell, " \t\r\n")
	if strings.ContainsRune("\t\r\n", rune(cell[0])) || (text != "" && strings.ContainsRune("=+-@", rune(text[0]))) {
		return "'" + cell
	}
	return cell
}
