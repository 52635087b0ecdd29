package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/devstack"
)

// The disks that fill up, by what is on them, with room for what a cell writes.
const (
	postgresDisk = 320 << 20
	temporalDisk = 128 << 20
	logDisk      = 32 << 20
)

// full is a disk that fills up, what is on it, and by what it is known that this was met.
type full struct {
	of   string
	disk *disk
	log  string
	says string // in the log; empty where the log is what can not be written
	ends bool   // what is on it dies where it needs more than a little room
}

// mountDisks puts disks of their own under Postgres, under Temporal and under the logs of worker and API.
func mountDisks(_ context.Context, s *scene, _ *devstack.StackConfig) error {
	if os.Geteuid() != 0 {
		return notRun("only root can mount the disks that are to fill up")
	}
	data, err := devstack.PlacePostgres(filepath.Join(s.dir, "postgres"))
	if err != nil {
		return err
	}
	temporal, logs := filepath.Join(s.dir, "temporal"), filepath.Join(s.dir, "log")
	for _, d := range []struct {
		full
		dir  string
		size int64
	}{
		{full{of: postgresServer, log: filepath.Join(data, "postgres.log"), says: "No space left on device", ends: true}, data, postgresDisk},
		{full{of: temporalServer, log: filepath.Join(temporal, "temporal.log"), says: "disk is full"}, temporal, temporalDisk},
		{full{of: "the log", log: filepath.Join(logs, "api.log")}, logs, logDisk},
	} {
		mounted, err := mountDisk(d.dir, d.size)
		if err != nil {
			return err
		}
		s.undo = append(s.undo, mounted.unmount)
		d.disk = mounted
		s.disks = append(s.disks, d.full)
	}
	return nil
}

// fullFor is how long a disk is full.
const fullFor = 8 * time.Second

// fillDisks has one disk after the other full while hosts are patched.
func fillDisks(ctx context.Context, s *scene) error {
	each := len(s.hosts) / len(s.disks)
	for i, d := range s.disks {
		if err := s.fillDisk(ctx, d, s.hosts[i*each:(i+1)*each]); err != nil {
			return fmt.Errorf("fill the disk of %s: %w", d.of, err)
		}
	}
	return nil
}

func (s *scene) fillDisk(ctx context.Context, d full, hosts []*host) error {
	later := newOrder(hosts[:submittedMeanwhile])
	if _, err := s.submit(ctx, hosts[submittedMeanwhile:], map[string]any{"max_parallel": "2"}); err != nil {
		return err
	}
	if err := sleep(ctx, between(s.random, time.Second, 3*time.Second)); err != nil {
		return err
	}
	s.faults++
	if err := s.stayFull(ctx, d, later); err != nil {
		return err
	}
	if d.ends {
		s.faults++
		if err := s.endPostgres(ctx); err != nil {
			return err
		}
		if err := s.stayFull(ctx, d, later); err != nil {
			return err
		}
	}
	if err := s.expectFull(ctx, d); err != nil {
		return err
	}
	if err := d.disk.clear(); err != nil {
		return err
	}
	began := time.Now()
	if err := s.awaitRunning(ctx); err != nil {
		return err
	}
	s.recovers("the API is ready after there is room again", time.Since(began), 10*time.Second)
	return s.place(ctx, later)
}

// stayFull keeps a disk full for a while, and asks the API meanwhile.
func (s *scene) stayFull(ctx context.Context, d full, o order) error {
	for until := time.Now().Add(fullFor); time.Now().Before(until); {
		if err := d.disk.fill(); err != nil {
			return err
		}
		if err := s.askWhileFull(ctx, d, o); err != nil {
			return err
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

// endPostgres has Postgres need another segment of its log, for which there is no room: it ends at once, as in production it
// does after some hours.
func (s *scene) endPostgres(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.DatabaseURL())
	if err != nil {
		return fmt.Errorf("end Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	const spare = 10 // more segments than it keeps ready
	for range spare {
		if _, err := conn.Exec(ctx, "select pg_logical_emit_message(true, '', ''), pg_switch_wal()"); err != nil {
			return nil
		}
	}
	s.expect(false, "Postgres found room for its log on a full disk")
	return nil
}

// askWhileFull asks for what may or may not be possible on a full disk. The API does it, or says that it can not for now.
func (s *scene) askWhileFull(ctx context.Context, d full, o order) error {
	answer, err := s.ask(ctx, listHosts)
	if err != nil {
		return err
	}
	s.expect(answer.status == http.StatusOK || answer.refuses(), "GET /hosts while the disk of %s is full: %s", d.of, answer)
	if answer, err = s.ask(ctx, o.question); err != nil {
		return err
	}
	if answer.status == http.StatusAccepted {
		return s.accept(answer, o)
	}
	s.expect(answer.refuses(), "POST /jobs while the disk of %s is full: %s", d.of, answer)
	return nil
}

// expectFull expects that whatever is on a disk found that it is full: it says so, or what it writes is not there.
func (s *scene) expectFull(ctx context.Context, d full) error {
	if d.says != "" {
		written, err := os.ReadFile(d.log)
		if err != nil {
			return fmt.Errorf("read what was met: %w", err)
		}
		s.expect(bytes.Contains(written, []byte(d.says)), "%s did not find its disk full", d.of)
		return nil
	}
	before, err := os.Stat(d.log)
	if err != nil {
		return fmt.Errorf("read what was met: %w", err)
	}
	if _, err := s.ask(ctx, listHosts); err != nil { // which is logged
		return err
	}
	after, err := os.Stat(d.log)
	if err != nil {
		return fmt.Errorf("read what was met: %w", err)
	}
	s.expect(before.Size() == after.Size(), "the log grows though its disk is full")
	return nil
}

// awaitRunning waits until the API has all it needs. What ended by itself, or does so yet, is started again as its unit does.
func (s *scene) awaitRunning(ctx context.Context) error {
	for !s.apiIsReady(ctx) {
		if err := s.restartEnded(ctx); err != nil {
			return err
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return fmt.Errorf("await the API: %w", err)
		}
	}
	return s.restartEnded(ctx)
}

// restartEnded starts again what ended, as its unit does.
func (s *scene) restartEnded(ctx context.Context) error {
	select {
	case <-s.PostgresEnded():
		if err := s.RestartPostgres(ctx); err != nil {
			return err
		}
	default:
	}
	select {
	case <-s.TemporalEnded():
		return s.RestartTemporal(ctx)
	default:
		return nil
	}
}
