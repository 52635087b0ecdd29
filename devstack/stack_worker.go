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
	s.worker = p
	return err
}

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
