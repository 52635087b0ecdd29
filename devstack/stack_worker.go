package devstack

import (
	"context"
	"syscall"
	"time"
)

func (s *Stack) startWorker(ctx context.Context) error {
	s.config.Say("starting the worker")
	return s.StartWorker(ctx)
}

// StartWorker starts the worker again after KillWorker and waits until it serves.
func (s *Stack) StartWorker(ctx context.Context) error {
	p, err := s.serve(ctx, "worker", s.listenAddress("worker.listen"))
	s.worker = p
	return err
}

// KillWorker ends the worker as a crash would, in the middle of whatever it does, and waits until it is gone. Failed
// delivers that, like any other crash.
func (s *Stack) KillWorker() error {
	return s.worker.stop([]stopStep{{syscall.SIGKILL, 5 * time.Second}})
}
