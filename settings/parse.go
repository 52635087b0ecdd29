package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/knadh/koanf/v2"
)

func parse(values *koanf.Koanf, origin map[string]string) (Settings, []error) {
	var s Settings
	var problems []error
	for _, k := range keys {
		text, err := text(values.Get(k.name))
		if err == nil {
			err = k.set(&s, text)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("setting %s (%s): %w", k.name, origin[k.name], err))
		}
	}
	return s, problems
}

// text is a value of any source as it would stand in the environment. A list with commas in its parts, which no list in the
// environment can have, has a line for each part instead.
func text(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			s, ok := part.(string)
			if !ok {
				return "", errors.New("must be a list of strings")
			}
			parts[i] = s
		}
		if slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, ",") }) {
			return strings.Join(parts, "\n") + "\n", nil
		}
		return strings.Join(parts, ","), nil
	}
	return "", errors.New("must be a single value or a list")
}

// check holds the rules between settings.
func (s *Settings) check() []error {
	if s.Database.MigrateURL.Reveal() == "" {
		s.Database.MigrateURL = s.Database.URL
	}
	rules := []struct {
		kept bool
		text string
	}{
		{s.Database.URL.Reveal() != "", "setting database.url (" + envName("database.url") + ") is required"},
		{
			s.Windows.CutoffWithReboot >= s.Windows.Cutoff,
			"setting windows.cutoff_with_reboot: must be at least windows.cutoff",
		},
		{
			s.Health.ResultRetention >= 2*s.Health.PollInterval,
			"setting health.result_retention: must be at least twice health.poll_interval",
		},
		{s.Outputs.Retention <= s.Jobs.Retention, "setting outputs.retention: must be at most jobs.retention"},
	}
	problems := s.checkOIDC()
	for _, r := range rules {
		if !r.kept {
			problems = append(problems, errors.New(r.text))
		}
	}
	return problems
}
