package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// inventory is what is taken of one of Ansible's: hosts in order, with the groups that name them, and groups of groups.
type inventory struct {
	order    []string
	records  map[string]record
	in       map[string][]string // groups of a host
	children map[string][]string // of a group
}

func newInventory() *inventory {
	return &inventory{records: map[string]record{}, in: map[string][]string{}, children: map[string][]string{}}
}

// notGroups are those that Ansible has by itself.
var notGroups = []string{"all", "ungrouped"}

func (v *inventory) add(where, name, group, address string) {
	if _, known := v.records[name]; !known {
		v.order = append(v.order, name)
		v.records[name] = newRecord(where, name)
	}
	if address != "" {
		r := v.records[name]
		r.host.Address = address
		v.records[name] = r
	}
	if !slices.Contains(notGroups, group) && !slices.Contains(v.in[name], group) {
		v.in[name] = append(v.in[name], group)
	}
}

// hosts are the records, each with its groups and the groups that these are in.
func (v *inventory) hosts() []record {
	records := make([]record, len(v.order))
	for i, name := range v.order {
		records[i] = v.records[name]
		records[i].groups = v.above(v.in[name])
	}
	return records
}

// above adds to groups those that they are children of.
func (v *inventory) above(groups []string) []string {
	all := slices.Clone(groups)
	for i := 0; i < len(all); i++ {
		for parent, children := range v.children {
			if slices.Contains(children, all[i]) && !slices.Contains(all, parent) && !slices.Contains(notGroups, parent) {
				all = append(all, parent)
			}
		}
	}
	slices.Sort(all)
	return all
}

type yamlGroup struct {
	Hosts    map[string]map[string]any `yaml:"hosts"`
	Children map[string]*yamlGroup     `yaml:"children"`
}

func readInventoryYAML(text []byte) ([]record, error) {
	var groups map[string]*yamlGroup
	if err := yaml.Unmarshal(text, &groups); err != nil {
		return nil, fmt.Errorf("read inventory: %w", err)
	}
	v := newInventory()
	for _, name := range sorted(groups) {
		v.addYAML(name, groups[name])
	}
	if len(v.order) == 0 {
		return nil, errors.New("read inventory: it has no hosts")
	}
	return v.hosts(), nil
}

func (v *inventory) addYAML(name string, g *yamlGroup) {
	if g == nil {
		return
	}
	for _, host := range sorted(g.Hosts) {
		address, _ := g.Hosts[host]["ansible_host"].(string)
		for _, one := range expand(host) {
			v.add("host "+one, one, name, address)
		}
	}
	for _, child := range sorted(g.Children) {
		v.children[name] = append(v.children[name], child)
		v.addYAML(child, g.Children[child])
	}
}

func sorted[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func readInventoryINI(text []byte) ([]record, []rejection, error) {
	v := newInventory()
	var rejected []rejection
	section, kind := "ungrouped", ""
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		where := fmt.Sprintf("line %d", n)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			name, ok := strings.CutSuffix(line[1:], "]")
			if section, kind, _ = strings.Cut(name, ":"); !ok || kind != "" && kind != "children" && kind != "vars" {
				return nil, nil, fmt.Errorf("%s: %q is no section", where, line)
			}
		case kind == "children":
			v.children[section] = append(v.children[section], line)
		case kind == "vars": // nothing that a host is known by
		default:
			if why := v.addINI(where, section, line); why != "" {
				rejected = append(rejected, rejection{where, why})
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, nil, fmt.Errorf("read inventory: %w", err)
	}
	return v.hosts(), rejected, nil
}

// addINI reads a host and its variables. It says why not where it is none.
func (v *inventory) addINI(where, section, line string) string {
	line, _, _ = strings.Cut(line, " #")
	fields := strings.Fields(line)
	address := ""
	for _, field := range fields[1:] {
		name, value, ok := strings.Cut(field, "=")
		if !ok {
			return fmt.Sprintf("%q is no variable such as ansible_host=192.0.2.7", field)
		}
		if name == "ansible_host" {
			address = strings.Trim(value, `"'`)
		}
	}
	for _, one := range expand(fields[0]) {
		v.add(where, one, section, address)
	}
	return ""
}

var numbers = regexp.MustCompile(`^(.*)\[(\d+):(\d+)\](.*)$`)

// maxRange bounds the hosts that one line stands for.
const maxRange = 10_000

// expand returns the hosts that a pattern such as web[01:03].example.com stands for; what is none stays as it is.
func expand(pattern string) []string {
	m := numbers.FindStringSubmatch(pattern)
	if m == nil {
		return []string{pattern}
	}
	from, err1 := strconv.Atoi(m[2])
	to, err2 := strconv.Atoi(m[3])
	if err1 != nil || err2 != nil || to < from || to-from >= maxRange {
		return []string{pattern} // its name breaks a rule, which is told
	}
	var all []string
	for n := from; n <= to; n++ {
		all = append(all, expand(fmt.Sprintf("%s%0*d%s", m[1], len(m[2]), n, m[4]))...)
	}
	return all
}
