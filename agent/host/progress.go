package host

import (
	"math"
	"strconv"
	"strings"
)

// progress is how far an apply has come.
type progress struct {
	percent int // 0 to 99: the outcome alone makes it 100
	text    string
}

// downloadShare is the part of an apply's progress that its download is counted for.
const downloadShare = 30

// lastProgress reads the newest of apt's status lines in text, whose first line may be cut:
//
//	dlstatus:1:20.5:Retrieving file 2 of 9
//	pmstatus:libssl3:41.6:Unpacking libssl3
func lastProgress(text string) (progress, bool) {
	lines := strings.Split(text, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if p, ok := parseProgress(lines[i]); ok {
			return p, true
		}
	}
	return progress{}, false
}

func parseProgress(line string) (progress, bool) {
	fields := strings.SplitN(line, ":", 4)
	if len(fields) != 4 {
		return progress{}, false
	}
	phase, rest := fields[0], fields[1:]
	if phase == "pmstatus" {
		rest = splitArchitecture(line)
	}
	percent, err := strconv.ParseFloat(rest[1], 64)
	if err != nil || math.IsNaN(percent) {
		return progress{}, false
	}
	percent = min(max(percent, 0), 100)
	switch phase {
	case "dlstatus":
		return progress{percent: int(percent * downloadShare / 100), text: rest[2]}, true
	case "pmstatus":
		return progress{percent: min(99, downloadShare+int(percent*(100-downloadShare)/100)), text: rest[2]}, true
	}
	return progress{}, false
}

// splitArchitecture splits a pmstatus line whose package may be written as name:architecture.
func splitArchitecture(line string) []string {
	fields := strings.SplitN(line, ":", 5)[1:]
	if len(fields) == 4 {
		if _, err := strconv.ParseFloat(fields[1], 64); err != nil {
			return fields[1:]
		}
		return []string{fields[0], fields[1], fields[2] + ":" + fields[3]}
	}
	return fields
}

// lastLines returns at most the last n lines of text, without the line breaks.
func lastLines(text string, n int) []string {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):]
}
