package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// The bounds of an export: rows in all, and how long the client may take for a page of it.
const (
	maxExport        = 100_000
	exportPageWithin = 30 * time.Second
)

// FormatQuery is how a list is asked for as a table.
type FormatQuery struct {
	Format string `query:"format" enum:"json,csv" doc:"Absent: what Accept asks for"`
	Accept string `header:"Accept" hidden:"true"`
}

// wantsCSV is whether the format, or without one the header, asks for a table and not for JSON as well.
func (in FormatQuery) wantsCSV() bool {
	if in.Format != "" {
		return in.Format == "csv"
	}
	return strings.Contains(in.Accept, "text/csv") && !strings.Contains(in.Accept, "application/json")
}

func tableDescription(what string) string {
	return "With format=csv, or Accept: text/csv, the answer is one table of all " + what + " that pass the filter, and limit " +
		"counts for nothing; more than " + fmt.Sprint(maxExport) + " are refused. In it a text that a spreadsheet would take for a formula " +
		"begins with an apostrophe."
}

// listOrTable documents an answer that is a list or a table.
func (s *server) listOrTable(list reflect.Type, name string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: "OK",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: s.api.OpenAPI().Components.Schemas.Schema(list, true, name)},
			"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString, Description: "With the names of the columns in the first line"}},
		},
	}}
}

// jsonAnswer is the list where a table was not asked for.
func jsonAnswer(list any) (*huma.StreamResponse, error) {
	body, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("encode list: %w", err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		_, _ = hc.BodyWriter().Write(body) // the client is gone if this fails
	}}, nil
}

// table is an export: next yields its rows page by page, until there are none.
type table[T any] struct {
	name    string
	columns []string
	row     func(T) []string
	next    func(context.Context) ([]T, error)
}

// exportTable writes the pages of an export as they are read. What can not be finished is cut off in a way that the client
// notices: a table that ends early looks like a whole one.
func exportTable[T any](s *server, t table[T]) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
		hc.SetHeader("Content-Disposition", `attachment; filename="`+t.name+`.csv"`)
		_, w := humachi.Unwrap(hc)
		if err := t.write(hc.Context(), w); err != nil {
			s.Log.WarnContext(hc.Context(), "export cut off", "table", t.name, "error", err, "request_id", callerOf(hc.Context()).RequestID)
			panic(http.ErrAbortHandler)
		}
	}}
}

func (t table[T]) write(ctx context.Context, w http.ResponseWriter) error {
	control := http.NewResponseController(w)
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(t.columns); err != nil {
		return err
	}
	for {
		page, err := t.nextPage(ctx)
		if err != nil {
			return err
		}
		// Not every writer knows deadlines; the connections of the server do.
		_ = control.SetWriteDeadline(time.Now().Add(exportPageWithin))
		for _, item := range page {
			if err := out.Write(plainCells(t.row(item))); err != nil {
				return err
			}
		}
		out.Flush()
		if err := errors.Join(out.Error(), control.Flush()); err != nil {
			return err
		}
		_ = control.SetWriteDeadline(time.Time{})
		if len(page) == 0 {
			return nil
		}
	}
}

func (t table[T]) nextPage(ctx context.Context) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return t.next(ctx)
}

func plainCells(row []string) []string {
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

func timeCell(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func boolCell(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

func intCell(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}
