package settings

import (
	"fmt"
	"slices"
	"strings"
)

// File is a YAML file of every setting as a comment with its default, meaning and rule, where those in active are no
// comments but have that value.
func File(active map[string]string) string {
	var out strings.Builder
	out.WriteString("## Every setting of Patch Manager with its default. To change one, take the # before its line away, and that before the\n" +
		"## name of its section. The environment and flags win over this file.\n")
	for _, group := range groups() {
		mark := "#"
		if slices.ContainsFunc(group, func(k key) bool { _, is := active[k.name]; return is }) {
			mark = ""
		}
		section, _, _ := strings.Cut(group[0].name, ".")
		fmt.Fprintf(&out, "\n%s%s:\n", mark, section)
		for _, k := range group {
			writeKey(&out, k, active)
		}
	}
	return out.String()
}

// groups are the settings by the first part of their names, in the order in which they are documented.
func groups() [][]key {
	var list [][]key
	at := map[string]int{}
	for _, k := range keys {
		section, _, _ := strings.Cut(k.name, ".")
		if _, known := at[section]; !known {
			at[section] = len(list)
			list = append(list, nil)
		}
		list[at[section]] = append(list[at[section]], k)
	}
	return list
}

func writeKey(out *strings.Builder, k key, active map[string]string) {
	_, name, _ := strings.Cut(k.name, ".")
	fmt.Fprintf(out, "  ## %s (%s)\n", k.help, k.rule)
	if value, is := active[k.name]; is {
		fmt.Fprintf(out, "  %s: %s\n", name, quoted(value))
		return
	}
	fmt.Fprintf(out, "  #%s: %s\n", name, quoted(k.value))
}

// quoted writes a value as YAML that is read as the same text.
func quoted(value string) string {
	if value == "" || strings.ContainsAny(value, " '\"") {
		return "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	return value
}
