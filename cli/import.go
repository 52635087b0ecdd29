package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/client"
	"github.com/patch-manager/patch-manager/fleet"
)

// maxImport bounds a file that is imported, in bytes.
const maxImport = 64 << 20

// record is one host of a file.
type record struct {
	where  string // in the file
	host   fleet.HostInput
	port   *int64 // nil is the installation's
	groups []string
	checks []fleet.Check
}

// rejection is what of a file is not imported, and the rule that it breaks.
type rejection struct {
	Where string `json:"where"`
	Rule  string `json:"rule"`
}

func newImport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import hosts, groups and checks from CSV or an Ansible inventory", Args: exactly("FILE"),
		Long: "Shows what it would do; with --apply it does that. What is there already stays as it is: hosts are only added, put into further " +
			"groups and given further checks, so that the same file may be imported again. Each line that breaks a rule is named with the rule, and " +
			"left out.\n\nCSV has a line of titles, of which fqdn has to be there: fqdn, address, agent_port, display_name, zone, groups, labels, checks. " +
			"Groups, labels (name=value) and checks are separated by semicolons; a check is service:UNIT or http:URL|TEXT. Of an inventory, in the form of " +
			"INI or YAML, hosts and groups are taken, with ansible_host as the address.",
		Example: "  patch-manager import hosts.csv\n  patch-manager import inventory.yaml --apply",
	}
	format := cmd.Flags().String("format", "", "csv, ini or yaml; by the file's name unless given")
	apply := cmd.Flags().Bool("apply", false, "do it")
	return asking(cmd, func(cmd *cobra.Command, s *session, args []string) error {
		records, rejected, err := readImport(args[0], *format)
		if err != nil {
			return err
		}
		plan, err := s.planImport(cmd.Context(), records)
		if err != nil {
			return err
		}
		if *apply {
			rejected = append(rejected, s.applyImport(cmd.Context(), plan)...)
		}
		return reportImport(cmd, s.format, plan, rejected, *apply)
	})
}

func readImport(name, format string) (records []record, rejected []rejection, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, errUsage{err}
	}
	if info.Size() > maxImport {
		return nil, nil, errUsage{fmt.Errorf("%s: must be at most %d bytes", name, maxImport)}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, errUsage{err}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if format == "" {
		format = map[string]string{".csv": "csv", ".yaml": "yaml", ".yml": "yaml"}[strings.ToLower(filepath.Ext(name))]
	}
	switch format {
	case "csv":
		records, rejected, err = readCSV(text)
	case "yaml":
		records, err = readInventoryYAML(text)
	case "ini", "":
		records, rejected, err = readInventoryINI(text)
	default:
		return nil, nil, errUsage{errors.New("--format: must be csv, ini or yaml")}
	}
	if err != nil {
		return nil, nil, errUsage{fmt.Errorf("%s: %w", name, err)}
	}
	records, broken := keepRules(records)
	rejected = append(rejected, broken...)
	slices.SortStableFunc(rejected, func(a, b rejection) int { return cmp.Or(len(a.Where)-len(b.Where), strings.Compare(a.Where, b.Where)) })
	return records, rejected, nil
}

// keepRules leaves out what breaks a rule of the API, by the same code.
func keepRules(records []record) (kept []record, rejected []rejection) {
	seen := map[string]string{}
	for _, r := range records {
		key := strings.ToLower(r.host.FQDN)
		err := r.host.Validate()
		if before, twice := seen[key]; twice && err == nil {
			err = fleet.Invalid("fqdn", "%s is at %s already", r.host.FQDN, before)
		}
		for _, g := range r.groups {
			err = errors.Join(err, fleet.Group{Name: g}.Validate())
		}
		if len(r.checks) > fleet.MaxChecksPerHost {
			err = errors.Join(err, fleet.Invalid("checks", "must be at most %d", fleet.MaxChecksPerHost))
		}
		for i, c := range r.checks {
			if invalid := c.Validate(); invalid != nil {
				err = errors.Join(err, fmt.Errorf("checks[%d].%w", i, invalid))
			}
		}
		if err != nil {
			rejected = append(rejected, rejection{r.where, strings.ReplaceAll(err.Error(), "\n", "; ")})
			continue
		}
		seen[key] = r.where
		kept = append(kept, r)
	}
	return kept, rejected
}

// anyPort stands for the installation's, which keeps the rule.
const anyPort = 1

// newRecord is a host with the defaults of the API.
func newRecord(where, fqdn string) record {
	return record{where: where, host: fleet.HostInput{
		FQDN: fqdn, Address: fqdn, AgentPort: anyPort, Zone: fleet.DefaultZone, InheritWindows: true,
	}}
}

var (
	stepColumns = []column[step]{
		{"host", func(s step) string { return s.Host }},
		{"would", func(s step) string { return s.Does }},
		{"what", func(s step) string { return s.What }},
	}
	rejectionColumns = []column[rejection]{
		{"rejected", func(r rejection) string { return r.Where }},
		{"rule", func(r rejection) string { return r.Rule }},
	}
)

// reportImport shows what was done, or would be, and what was rejected, for which it fails.
func reportImport(cmd *cobra.Command, format string, plan []step, rejected []rejection, applied bool) error {
	columns := slices.Clone(stepColumns)
	if applied {
		columns[1].title = "did"
	}
	var err error
	if format == "table" || format == "csv" {
		err = show(cmd.OutOrStdout(), format, columns, plan)
		if len(rejected) > 0 {
			err = errors.Join(err, show(cmd.ErrOrStderr(), format, rejectionColumns, rejected))
		}
	} else {
		err = showValue(cmd.OutOrStdout(), format, map[string]any{"steps": plan, "rejected": append([]rejection{}, rejected...), "applied": applied})
	}
	if err == nil && len(rejected) > 0 {
		err = &client.Error{Problem: client.Problem{
			Status: 422, Code: "rejected", Detail: fmt.Sprintf("%d of the file were rejected", len(rejected)),
		}}
	}
	return err
}
