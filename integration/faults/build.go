package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// edit replaces a text of a source file, which must be there once.
type edit struct{ file, from, to string }

// newer is a release to come: its runs of hosts begin with a timer that older builds know nothing of.
var newer = []edit{
	{"workflows/patch_host.go", "for h.state.Step.Next != activities.StepDone {", `if workflow.GetVersion(ctx, "to-come", workflow.DefaultVersion, 1) == 1 {
		if err := workflow.Sleep(ctx, time.Second); err != nil {
			return PatchHostResult{}, err
		}
	}
	for h.state.Step.Next != activities.StepDone {`},
}

// build builds the product with its failpoints and with edits that are nowhere but in this build, and returns the program.
func (h *harness) build(ctx context.Context, name string, edits ...edit) (program string, err error) {
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return "", fmt.Errorf("make scratch folder: %w", err)
	}
	program = filepath.Join(h.dir, name)
	args := []string{"build", "-tags", "failpoint", "-o", program}
	if len(edits) > 0 {
		overlay, err := h.overlay(name, edits)
		if err != nil {
			return "", fmt.Errorf("build %s: %w", name, err)
		}
		args = append(args, "-overlay", overlay)
	}
	if out, err := exec.CommandContext(ctx, "go", append(args, "./cmd/patch-manager")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", name, err, out)
	}
	return program, nil
}

// overlay writes edited copies of sources, and the file that tells the compiler to read them instead.
func (h *harness) overlay(name string, edits []edit) (string, error) {
	dir := filepath.Join(h.dir, name+"-sources")
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for i, e := range edits {
		original, err := filepath.Abs(e.file)
		if err != nil {
			return "", err
		}
		edited, again := replace[original]
		if !again {
			edited, replace[original] = original, filepath.Join(dir, fmt.Sprintf("%d.go", i))
		}
		if err := e.apply(edited, replace[original]); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, overlay, 0o600)
}

// apply writes an edited copy of a source.
func (e edit) apply(from, to string) error {
	source, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if n := strings.Count(string(source), e.from); n != 1 {
		return fmt.Errorf("%s has %q %d times, and must have it once", e.file, e.from, n)
	}
	return os.WriteFile(to, []byte(strings.Replace(string(source), e.from, e.to, 1)), 0o600)
}
