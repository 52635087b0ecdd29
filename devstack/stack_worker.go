package devstack

import (
	"context"
	"fmt"
)

func (s *Stack) startWorker(ctx context.Context) error {
	s.config.Say("starting the worker")
	return s.StartWorker(ctx)
}

// StartWorker starts the worker again after KillWorker and waits until it serves.
func (s *Stack) StartWorker(ctx context.Context) error {
	if s.worker != nil {
		if err := keepLog(s.path("log", "worker.log")); err != nil {
			return err
		}
	}
	p, err := s.serve(ctx, "worker", s.listenAddress("worker.listen"), "worker")
	if err != nil {
		return err
	}
	s.worker = p
	return nil
}

// ReplaceWorker starts a worker beside that of the stack, waits until it serves, and only then ends the other one in order, as
// an upgrade does. What UseProgram was told last is what it runs.
func (s *Stack) ReplaceWorker(ctx context.Context) error {
	if _, err := s.AddWorker(ctx); err != nil {
		return err
	}
	former, last := s.worker, len(s.added)-1
	s.worker, s.added = s.added[last], s.added[:last]
	return former.Stop()
}

// UseProgram has other builds of the product be what starts from now on.
func (s *Stack) UseProgram(path string) { s.config.Program = path }

// AddWorker starts one more worker beside that of the stack, waits until it serves and returns the id of its process.
func (s *Stack) AddWorker(ctx context.Context) (int, error) {
	port, err := FreePort()
	if err != nil {
		return 0, err
	}
	address := Address(port)
	p, err := s.serve(ctx, fmt.Sprintf("worker-%d", port), address, "worker", "--worker.listen="+address)
	if err != nil {
		return 0, err
	}
	s.added = append(s.added, p)
	return p.PID(), nil
}
