package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/health/healthtest"
)

const (
	streamClients = 500
	streamChanges = 40
	streamPause   = 500 * time.Millisecond
	// What is asked of the stream: how late the 99th of 100 events may come, in milliseconds, and what a client may take, in KiB.
	streamLimit  = 1000
	streamMemory = 256
)

// measureStream measures how long it takes from a change through the API to its event at each of many clients, and what
// these take of the API's memory.
func (b *bench) measureStream(ctx context.Context, l *live) error {
	ids, err := value[[]string](ctx, l, "select array_agg(id::text) from (select id from hosts limit $1) h", streamChanges)
	if err != nil {
		return err
	}
	before, _ := healthtest.MemoryOf(l.PIDs()["api"])
	listening, stop := context.WithCancel(ctx)
	defer stop()
	arrived := make([]map[string]time.Time, streamClients)
	var clients sync.WaitGroup
	for i := range arrived {
		stream, err := l.API.Events(listening)
		if err != nil {
			return err
		}
		arrived[i] = map[string]time.Time{}
		clients.Go(func() { receive(stream, ids, arrived[i]) })
	}
	sent := map[string]time.Time{}
	for _, id := range ids {
		time.Sleep(streamPause)
		var h hostInput
		if err := l.API.Do(ctx, http.MethodGet, "/hosts/"+id, nil, &h); err != nil {
			return err
		}
		h.DisplayName = "changed by a measurement"
		sent[id] = time.Now()
		if err := l.API.Do(ctx, http.MethodPut, "/hosts/"+id, h, nil); err != nil {
			return err
		}
	}
	time.Sleep(10 * streamLimit * time.Millisecond) // whoever gets them later is told so by what is missing
	with, _ := healthtest.MemoryOf(l.PIDs()["api"])
	stop()
	clients.Wait()
	took, err := delays(sent, arrived)
	if err != nil {
		return err
	}
	b.add(result{Name: fmt.Sprintf("a change at each of %d streams, p99", streamClients), Value: milliseconds(percentile(took, 99)), Unit: "ms", Limit: streamLimit})
	b.add(result{Name: "… the middle one", Value: milliseconds(percentile(took, 50)), Unit: "ms"})
	b.add(result{Name: "… the API's memory for each stream", Value: float64(with-before) / streamClients / (1 << 10), Unit: "KiB", Limit: streamMemory})
	return nil
}

// hostInput is what of a host is put back.
type hostInput struct {
	FQDN        string `json:"fqdn"`
	Address     string `json:"address"`
	AgentPort   int    `json:"agent_port"`
	DisplayName string `json:"display_name"`
	Zone        string `json:"zone"`
}

// receive notes when the first event of each host comes, until the stream ends.
func receive(stream io.ReadCloser, ids []string, arrived map[string]time.Time) {
	defer stream.Close()
	lines := bufio.NewScanner(stream)
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data:")
		if !isData || !strings.Contains(data, "host.changed") {
			continue
		}
		for _, id := range ids {
			if _, already := arrived[id]; !already && strings.Contains(data, id) {
				arrived[id] = time.Now()
			}
		}
	}
}

// delays are how long the changes took to all clients. It fails where a client missed one.
func delays(sent map[string]time.Time, arrived []map[string]time.Time) ([]time.Duration, error) {
	var took []time.Duration
	for _, client := range arrived {
		for id, at := range sent {
			if got, ok := client[id]; ok && got.After(at) {
				took = append(took, got.Sub(at))
			}
		}
	}
	if want := len(sent) * len(arrived); len(took) != want {
		return nil, fmt.Errorf("%d events arrived of %d", len(took), want)
	}
	return took, nil
}
