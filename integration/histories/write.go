package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// index says where the histories of a release come from and what each is for, by type and name.
type index struct {
	Commit    string                       `json:"commit"`
	Workflows string                       `json:"workflows"`
	Counts    map[string]int               `json:"counts"`
	Histories map[string]map[string]string `json:"histories"`
}

// named is one history in the file of its type, which has one in each line.
type named struct {
	Name    string          `json:"name"`
	History json.RawMessage `json:"history"`
}

func write(out string, of index, scenarios []scenario, recorded []*history.History) error {
	of.Counts, of.Histories = map[string]int{}, map[string]map[string]string{}
	lines := map[string][]named{}
	for i, s := range scenarios {
		encoded, err := encode(recorded[i])
		if err != nil {
			return err
		}
		if of.Histories[s.kind] == nil {
			of.Histories[s.kind] = map[string]string{}
		}
		if of.Histories[s.kind][s.name] != "" {
			return errors.New("two scenarios are named " + s.kind + "/" + s.name)
		}
		of.Histories[s.kind][s.name] = s.branch
		of.Counts[s.kind]++
		lines[s.kind] = append(lines[s.kind], named{s.name, encoded})
	}
	for kind, all := range lines {
		if err := writeLines(filepath.Join(out, kind+".jsonl.gz"), all); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(of, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "index.json"), append(text, '\n'), 0o600)
}

func writeLines(name string, all []named) (err error) {
	f, err := os.Create(name) //nolint:gosec // where whoever runs it wants it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	packed, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(packed)
	for _, one := range all {
		if err := lines.Encode(one); err != nil {
			return err
		}
	}
	return packed.Close()
}

// encode leaves out what names the machine: the sticky queue is called after it.
func encode(h *history.History) (json.RawMessage, error) {
	for _, e := range h.GetEvents() {
		if q := e.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue(); q.GetKind() == enums.TASK_QUEUE_KIND_STICKY {
			q.Name = "sticky"
		}
	}
	return protojson.Marshal(h)
}
