package cli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/patch-manager/patch-manager/fleet"
)

var csvTitles = []string{"fqdn", "address", "agent_port", "display_name", "zone", "groups", "labels", "checks"}

// readCSV reads hosts line by line. A title that is not known is refused, since it would be lost.
func readCSV(text []byte) (records []record, rejected []rejection, err error) {
	lines := csv.NewReader(bytes.NewReader(text))
	lines.TrimLeadingSpace = true
	titles, err := lines.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("read the line of titles: %w", err)
	}
	for i, title := range titles {
		titles[i] = strings.ToLower(strings.TrimSpace(title))
		if !slices.Contains(csvTitles, titles[i]) {
			return nil, nil, fmt.Errorf("the title %q is not known; known are %s", title, strings.Join(csvTitles, ", "))
		}
	}
	if !slices.Contains(titles, "fqdn") {
		return nil, nil, errors.New("there is no title fqdn")
	}
	for {
		cells, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return records, rejected, nil
		}
		if err != nil && !errors.Is(err, csv.ErrFieldCount) {
			return nil, nil, err // nobody knows where the next line begins
		}
		line, _ := lines.FieldPos(0)
		where := fmt.Sprintf("line %d", line)
		if err != nil {
			rejected = append(rejected, rejection{where, fmt.Sprintf("has %d cells, and there are %d titles", len(cells), len(titles))})
			continue
		}
		r, err := csvRecord(where, titles, cells)
		if err != nil {
			rejected = append(rejected, rejection{where, err.Error()})
			continue
		}
		records = append(records, r)
	}
}

func csvRecord(where string, titles, cells []string) (record, error) {
	r := newRecord(where, "")
	var errs []error
	for i, title := range titles {
		cell := strings.TrimSpace(cells[i])
		if cell == "" {
			continue
		}
		switch title {
		case "fqdn":
			r.host.FQDN = cell
		case "address":
			r.host.Address = cell
		case "agent_port":
			port, err := strconv.Atoi(cell)
			if err != nil {
				errs = append(errs, fleet.Invalid(title, "must be a number"))
			}
			number := int64(port)
			r.host.AgentPort, r.port = port, &number
		case "display_name":
			r.host.DisplayName = cell
		case "zone":
			r.host.Zone = cell
		case "groups":
			r.groups = list(cell)
		case "labels":
			labels, err := pairs(title, list(cell))
			if err != nil {
				errs = append(errs, fleet.Invalid(title, "must be name=value, separated by semicolons"))
				continue
			}
			r.host.Labels = *labels
		case "checks":
			for _, text := range list(cell) {
				c, err := csvCheck(text)
				errs = append(errs, err)
				r.checks = append(r.checks, c)
			}
		}
	}
	if r.host.Address == "" {
		r.host.Address = r.host.FQDN
	}
	return r, errors.Join(errs...)
}

// list reads what semicolons separate.
func list(cell string) (all []string) {
	for item := range strings.SplitSeq(cell, ";") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// csvCheck reads service:UNIT or http:URL|TEXT. A check is called what it looks at.
func csvCheck(text string) (fleet.Check, error) {
	c := fleet.Check{Enabled: true, FailureThreshold: 1, SuccessThreshold: 1}
	kind, of, _ := strings.Cut(text, ":")
	switch kind {
	case "service":
		c.Type, c.Name, c.ServiceName = fleet.CheckService, of, of
		return c, nil
	case "http":
		c.Type = fleet.CheckHTTP
		c.URL, c.ExpectedBody, _ = strings.Cut(of, "|")
		c.Name = c.URL[:min(len(c.URL), fleet.MaxCheckName)]
		return c, nil
	}
	return c, fleet.Invalid("checks", "%q must be service:UNIT or http:URL|TEXT", text)
}
