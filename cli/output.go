package cli

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/patch-manager/patch-manager/client"
)

// formats are what -o takes.
var formats = []string{"table", "json", "yaml", "csv"}

// column is one of a table for people and of CSV.
type column[T any] struct {
	title string
	cell  func(T) string
}

// show writes a list in a format: every field for programs, the columns for people and for CSV.
func show[T any](out io.Writer, format string, columns []column[T], items []T) error {
	switch format {
	case "json", "yaml":
		return showValue(out, format, items)
	case "csv":
		return showCSV(out, columns, items)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = strings.ToUpper(c.title)
	}
	fmt.Fprintln(table, strings.Join(titles, "\t"))
	for _, item := range items {
		fmt.Fprintln(table, strings.Join(cells(columns, item, printable), "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print table: %w", err)
	}
	return nil
}

// showOne is show for a single thing, which a table has one line of and JSON no list.
func showOne[T any](out io.Writer, format string, columns []column[T], item T) error {
	if format == "json" || format == "yaml" {
		return showValue(out, format, item)
	}
	return show(out, format, columns, []T{item})
}

func showValue(out io.Writer, format string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err == nil && format == "yaml" {
		var plain any
		if err = json.Unmarshal(text, &plain); err == nil {
			text, err = yaml.Marshal(plain)
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(out, strings.TrimSuffix(string(text), "\n"))
	}
	if err != nil {
		return fmt.Errorf("print %s: %w", format, err)
	}
	return nil
}

func showCSV[T any](out io.Writer, columns []column[T], items []T) error {
	table := csv.NewWriter(out)
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = strings.ReplaceAll(c.title, " ", "_")
	}
	rows := [][]string{titles}
	for _, item := range items {
		rows = append(rows, cells(columns, item, harmless))
	}
	if err := table.WriteAll(rows); err != nil {
		return fmt.Errorf("print csv: %w", err)
	}
	return nil
}

func cells[T any](columns []column[T], item T, clean func(string) string) []string {
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = clean(c.cell(item))
	}
	return row
}

// printable keeps what comes from hosts from steering a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func checkFormat(format string) error {
	if slices.Contains(formats, format) {
		return nil
	}
	return errUsage{fmt.Errorf("--output: must be one of %s", strings.Join(formats, ", "))}
}

// text, when and yes write what may be absent.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func when(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

// showLine writes one more of a list without what is before a list.
func showLine(out io.Writer, format string, e client.AuditEntry) error {
	switch format {
	case "json", "yaml":
		return showValue(out, format, e)
	case "csv":
		row := csv.NewWriter(out)
		return errors.Join(row.Write(cells(auditColumns, e, harmless)), flushed(row))
	}
	_, err := fmt.Fprintln(out, strings.Join(cells(auditColumns, e, printable), "  "))
	return err
}

func flushed(w *csv.Writer) error {
	w.Flush()
	return w.Error()
}
