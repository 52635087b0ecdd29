package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/patch-manager/patch-manager/health/healthtest"
)

const (
	hostileTargets = 200
	healthyTargets = 40
	hostileMemory  = 64 // MiB
)

// measureHostile measures what 200 hostile targets of health checks do to the checks of healthy ones and to the memory of
// the process. Hostile targets, healthy targets and checks each have a process of their own.
func measureHostile(ctx context.Context, b *bench) error {
	hostile, err := b.targets(ctx, order{Role: roleHostile, Count: hostileTargets})
	if err != nil {
		return err
	}
	defer hostile.end()
	healthy, err := b.targets(ctx, order{Role: roleHealthy, Count: healthyTargets})
	if err != nil {
		return err
	}
	defer healthy.end()
	var rounds []delay
	if err := carryOut(ctx, order{Role: roleDelay, Hostile: hostile.urls, Healthy: healthy.urls, Rounds: b.rounds}, &rounds); err != nil {
		return err
	}
	b.addDelay(rounds)
	return b.hostileMemory(ctx, hostile.urls)
}

// addDelay compares the checks of all rounds together: of one round a percentile is a matter of chance.
func (b *bench) addDelay(rounds []delay) {
	var all delay
	for _, r := range rounds {
		_, _, ratio := r.p95()
		b.say("a round's p95 of healthy checks beside hostile ones, of that alone: %.2f", ratio)
		all.Alone, all.Beside = append(all.Alone, r.Alone...), append(all.Beside, r.Beside...)
	}
	alone, beside, ratio := all.p95()
	b.add(result{Name: "healthy checks beside 200 hostile: p95, of that alone", Value: ratio, Unit: "ratio", Limit: 1.1})
	b.add(result{Name: "of that: alone", Value: milliseconds(alone), Unit: "ms"})
	b.add(result{Name: "of that: beside", Value: milliseconds(beside), Unit: "ms"})
}

// hostileMemory measures all kinds together, and 200 of each kind that ends in silence.
func (b *bench) hostileMemory(ctx context.Context, all []string) error {
	added, err := memoryOf(ctx, all)
	if err != nil {
		return err
	}
	b.add(result{Name: "200 hostile targets of every kind: live heap", Value: mebibytes(added.Live), Unit: "MiB", Limit: hostileMemory})
	b.add(result{Name: "200 hostile targets of every kind: resident", Value: mebibytes(added.Peak), Unit: "MiB", Limit: hostileMemory})
	worst := map[string]float64{}
	for _, kind := range healthtest.Kinds {
		if !kind.Still {
			continue
		}
		targets, err := b.targets(ctx, order{Role: roleHostile, Count: hostileTargets, Kind: kind.Name})
		if err != nil {
			return err
		}
		added, err := memoryOf(ctx, targets.urls)
		targets.end()
		if err != nil {
			return err
		}
		b.say("200 times %s: %.0f MiB live, %.0f MiB resident", kind.Name, mebibytes(added.Live), mebibytes(added.Peak))
		worst["live heap"] = max(worst["live heap"], mebibytes(added.Live))
		worst["resident"] = max(worst["resident"], mebibytes(added.Peak))
	}
	for _, what := range []string{"live heap", "resident"} {
		b.add(result{Name: "200 hostile targets of the worst kind: " + what, Value: worst[what], Unit: "MiB", Limit: hostileMemory})
	}
	return nil
}

func memoryOf(ctx context.Context, urls []string) (healthtest.Memory, error) {
	var added healthtest.Memory
	err := carryOut(ctx, order{Role: roleMemory, Hostile: urls}, &added)
	return added, err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func mebibytes(bytes int) float64 { return float64(bytes) / (1 << 20) }

// targets are the URLs that another process serves until it is ended.
type targets struct {
	urls []string
	cmd  *exec.Cmd
	in   io.Closer
}

func (b *bench) targets(ctx context.Context, o order) (*targets, error) {
	cmd, in, out, err := child(ctx, o)
	if err != nil {
		return nil, err
	}
	t := &targets{cmd: cmd, in: in}
	if err := out.Decode(&t.urls); err != nil {
		t.end()
		return nil, fmt.Errorf("start targets: %w", err)
	}
	return t, nil
}

func (t *targets) end() {
	t.in.Close()
	_ = t.cmd.Wait() // it is ended by the end of its input
}

// carryOut has another process carry out o and decodes what it says.
func carryOut(ctx context.Context, o order, answer any) error {
	cmd, in, out, err := child(ctx, o)
	if err != nil {
		return err
	}
	err = out.Decode(answer)
	in.Close()
	return errors.Join(err, cmd.Wait())
}

func child(ctx context.Context, o order) (*exec.Cmd, io.WriteCloser, *json.Decoder, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	cmd := exec.CommandContext(ctx, program, "-child")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, nil, err
	}
	return cmd, in, json.NewDecoder(out), json.NewEncoder(in).Encode(o)
}
