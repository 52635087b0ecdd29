package settings

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"github.com/patch-manager/patch-manager/fleet"
)

// EnvPrefix begins the name of every setting in the environment: PATCH_MANAGER_GATE__RETRY_INTERVAL is
// gate.retry_interval.
const EnvPrefix = "PATCH_MANAGER_"

// FileVariable names the file of settings in the environment; it is no setting itself.
const FileVariable = EnvPrefix + "CONFIG"

// Names with the prefix that are not settings of servers: of the client, of tests, and of `patch-manager dev`.
var (
	foreignNames    = []string{"PATCH_MANAGER_URL", "PATCH_MANAGER_TOKEN", FileVariable}
	foreignPrefixes = []string{"PATCH_MANAGER_TEST_", "PATCH_MANAGER_DEV_"}
)

// Source is where settings come from, weakest first. Each part may be absent.
type Source struct {
	File    string         // path of a YAML file
	Environ []string       // as of os.Environ
	Flags   *pflag.FlagSet // with flags added by AddFlags
}

// AddFlags adds a flag for every setting, named like its key.
func AddFlags(flags *pflag.FlagSet) {
	for _, k := range keys {
		flags.String(k.name, k.value, k.help)
	}
}

// Load reads and checks the settings. The error names every setting that breaks a rule, with the rule and where the
// setting comes from; it never quotes a value.
func Load(src Source) (Settings, error) {
	merged := koanf.New(".")
	origin, sources := map[string]string{}, map[string]fleet.SettingSource{}
	var problems []error
	layers, err := src.layers()
	if err != nil {
		return Settings{}, err
	}
	for _, l := range layers {
		problems = append(problems, l.unknown()...)
		for _, name := range l.values.Keys() {
			origin[name], sources[name] = l.origin(name), l.source
		}
		if err := merged.Merge(l.values); err != nil {
			return Settings{}, fmt.Errorf("merge settings of %s: %w", l.name, err)
		}
	}
	// What is not known may stand in the place of what is, so nothing else can be said yet.
	if len(problems) > 0 {
		return Settings{}, errors.Join(problems...)
	}
	s, problems := parse(merged, origin)
	if len(problems) == 0 {
		problems = s.check()
		s.Shown = shown(&s, merged, sources)
	}
	return s, errors.Join(problems...)
}

// layer is one place that settings come from.
type layer struct {
	name   string
	source fleet.SettingSource
	values *koanf.Koanf
	origin func(key string) string
}

func (l layer) unknown() []error {
	var problems []error
	for _, name := range l.values.Keys() {
		if !slices.ContainsFunc(keys, func(k key) bool { return k.name == name }) {
			problems = append(problems, fmt.Errorf("setting %s (%s) is not known", name, l.origin(name)))
		}
	}
	return problems
}

func (src Source) layers() ([]layer, error) {
	defaults := koanf.New(".")
	values := make(map[string]any, len(keys))
	for _, k := range keys {
		values[k.name] = k.value
	}
	if err := defaults.Load(confmap.Provider(values, "."), nil); err != nil {
		return nil, fmt.Errorf("load defaults: %w", err)
	}
	layers := []layer{{"defaults", fleet.FromDefault, defaults, func(string) string { return "default" }}}
	for _, read := range []func() (layer, error){src.file, src.environ, src.flags} {
		l, err := read()
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	return layers, nil
}

func (src Source) file() (layer, error) {
	l := layer{"the file", fleet.FromFile, koanf.New("."), func(string) string { return src.File }}
	if src.File == "" {
		return l, nil
	}
	if err := l.values.Load(file.Provider(src.File), unquoted{yaml.Parser()}); err != nil {
		return l, fmt.Errorf("read settings of %s: %w", src.File, err)
	}
	return l, nil
}

// unquoted keeps to itself what a parser repeats of a file, but for the line.
type unquoted struct{ koanf.Parser }

var lineOfError = regexp.MustCompile(`line \d+`)

func (p unquoted) Unmarshal(b []byte) (map[string]any, error) {
	values, err := p.Parser.Unmarshal(b)
	if err == nil {
		return values, nil
	}
	return nil, errors.New(strings.TrimSpace("it is no YAML of settings " + lineOfError.FindString(err.Error())))
}

func (src Source) environ() (layer, error) {
	l := layer{"the environment", fleet.FromEnvironment, koanf.New("."), envName}
	provider := env.Provider(".", env.Opt{
		Prefix:        EnvPrefix,
		EnvironFunc:   func() []string { return src.Environ },
		TransformFunc: func(name, value string) (string, any) { return envKey(name), value },
	})
	if err := l.values.Load(provider, nil); err != nil {
		return l, fmt.Errorf("read settings of the environment: %w", err)
	}
	return l, nil
}

func envKey(name string) string {
	if slices.Contains(foreignNames, name) {
		return ""
	}
	if slices.ContainsFunc(foreignPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
		return ""
	}
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, EnvPrefix), "__", "."))
}

func envName(key string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
}

func (src Source) flags() (layer, error) {
	l := layer{"flags", fleet.FromFlag, koanf.New("."), func(key string) string { return "--" + key }}
	if src.Flags == nil {
		return l, nil
	}
	// A command has other flags too; of ours, only those that were given count.
	provider := posflag.ProviderWithFlag(src.Flags, ".", l.values, func(f *pflag.Flag) (string, any) {
		if !f.Changed || !slices.ContainsFunc(keys, func(k key) bool { return k.name == f.Name }) {
			return "", nil
		}
		return f.Name, f.Value.String()
	})
	if err := l.values.Load(provider, nil); err != nil {
		return l, fmt.Errorf("read settings of flags: %w", err)
	}
	return l, nil
}
