package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/cli"
)

// imports writes files into a folder and signs in to an API.
func imports(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	t.Setenv("PATCH_MANAGER_URL", "")
	t.Setenv("PATCH_MANAGER_TOKEN", "")
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody is there
	_, err := runWith(t, rootPassword+"\n", "login", startAPI(t), "--user", "root")
	require.NoError(t, err)
	dir = t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// rows are the lines of a table without its titles, each with its words apart by one space.
func rows(table string) (all []string) {
	for line := range strings.Lines(table) {
		all = append(all, strings.Join(strings.Fields(line), " "))
	}
	return all[1:]
}

const hostsCSV = "\ufefffqdn,address,zone,groups,labels,checks\n" +
	"web1.example.com,192.0.2.7,,Web servers;Berlin,role=web;tier=1,service:nginx.service;http:https://web1.example.com/|ok\n" +
	"web2.example.com,,lab,Web servers,,\n" +
	"no host!,,,,,\n" +
	"web3.example.com,,LAB,,,\n" +
	"WEB1.example.com,,,,,\n" +
	"web4.example.com,,,,role,\n" +
	"web5.example.com,\n" +
	"web6.example.com,,,,,ping:web6\n" +
	"web7.example.com,,,,,service:a.service;service:b.service;service:c.service;service:d.service;service:e.service;service:f.service\n"

func TestAnImportShowsWhatItWouldDoDoesThatOnceAndNamesEachRejectedLine(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	dir := imports(t, map[string]string{"hosts.csv": hostsCSV})
	file := filepath.Join(dir, "hosts.csv")
	would := []string{
		"web1.example.com add group Web servers", "web1.example.com add group Berlin", "web1.example.com add host 192.0.2.7",
		"web1.example.com add check nginx.service", "web1.example.com add check https://web1.example.com/",
		"web2.example.com add host web2.example.com",
	}
	shown, err := run(t, "import", file)
	require.Equal(t, 2, cli.ExitCode(err))
	require.ErrorContains(t, err, "7 of the file were rejected")
	require.Equal(t, would, rows(shown))
	require.Empty(t, rows(must(t, "host", "list")), "nothing was done")

	asYAML, _ := run(t, "import", file, "-o", "yaml")
	for _, rule := range []string{
		"rule: 'fqdn: must be a host name of at most 253 characters, without a final dot; address: must be an IP address or a host name'\n          where: line 4",
		"rule: 'zone: must be 1 to 50 lower-case letters, digits and inner hyphens'\n          where: line 5",
		"rule: 'fqdn: WEB1.example.com is at line 2 already'\n          where: line 6",
		"rule: 'labels: must be name=value, separated by semicolons'\n          where: line 7",
		"rule: has 2 cells, and there are 6 titles\n          where: line 8",
		"where: line 9", `must be service:UNIT or http:URL|TEXT`,
		"rule: 'checks: must be at most 5'\n          where: line 10",
	} {
		require.Contains(t, strings.ReplaceAll(asYAML, "    - rule", "rule"), strings.ReplaceAll(rule, "          where", "      where"))
	}

	_, err = run(t, "import", file, "--apply")
	require.Equal(t, 2, cli.ExitCode(err))
	require.Len(t, rows(must(t, "host", "list")), 2)
	require.Len(t, rows(must(t, "check", "list", "web1.example.com")), 2)
	require.Contains(t, must(t, "host", "list", "--group", "Berlin"), "web1.example.com")
	again, _ := run(t, "import", file)
	require.Empty(t, rows(again), "the same file changes nothing")
	_, _ = run(t, "import", file, "--apply")
	require.Len(t, rows(must(t, "host", "list")), 2)
}

const inventoryINI = `# the fleet
bastion.example.com ansible_host=192.0.2.1

[web]
web[08:10].example.com
[db]
db1.example.com ansible_host="192.0.2.20" # the first
db2.example.com oops
[prod:children]
web
db
[prod:vars]
ansible_user=root
`

const inventoryYAML = `all:
  hosts:
    bastion.example.com: {ansible_host: 192.0.2.1}
  children:
    prod:
      children:
        web:
          hosts:
            web[08:10].example.com:
        db:
          hosts:
            db1.example.com: {ansible_host: 192.0.2.20}
`

func TestAnAnsibleInventoryIsImportedFromBothOfItsForms(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	dir := imports(t, map[string]string{"inventory": inventoryINI, "inventory.yaml": inventoryYAML})
	_, err := run(t, "import", filepath.Join(dir, "inventory"), "--apply")
	require.ErrorContains(t, err, "1 of the file were rejected")
	require.Len(t, rows(must(t, "host", "list")), 5)
	require.Contains(t, must(t, "host", "show", "db1.example.com", "-o", "json"), `"address": "192.0.2.20"`)
	require.Len(t, rows(must(t, "host", "list", "--group", "prod")), 4)
	require.Len(t, rows(must(t, "host", "list", "--group", "web")), 3)
	require.Contains(t, must(t, "host", "list"), "web09.example.com")
	require.Empty(t, rows(must(t, "import", filepath.Join(dir, "inventory.yaml"))), "the same in the other form")
}

func TestAFileThatCanNotBeReadIsRefusedWhole(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	dir := imports(t, map[string]string{
		"titles.csv": "fqdn,colour\nweb1.example.com,red\n", "none.csv": "", "nameless.csv": "address\n192.0.2.1\n",
		"quote.csv": "fqdn\n\"web1\n", "section": "[web\nweb1.example.com\n", "list.yaml": "- web1\n", "empty.yaml": "all: {}\n",
	})
	for file, says := range map[string]string{
		"titles.csv": `the title "colour" is not known`, "none.csv": "read the line of titles", "nameless.csv": "there is no title fqdn",
		"quote.csv": "quote", "section": `line 1: "[web" is no section`, "list.yaml": "read inventory", "empty.yaml": "it has no hosts",
		"absent.csv": "no such file",
	} {
		require.Contains(t, requireExit(t, 2, "import", filepath.Join(dir, file)), says, file)
	}
}
