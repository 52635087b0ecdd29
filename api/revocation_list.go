package api

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/patch-manager/patch-manager/fleet"
)

const (
	// revocationListAge is how old the list may be that strangers are given: signing one for each request would be a way
	// to keep us busy.
	revocationListAge = 5 * time.Second
	// revocationListWait bounds the making of one, so that a database that hangs keeps nobody for long.
	revocationListWait = 3 * time.Second
)

// revocationList keeps the list for a moment.
type revocationList struct {
	kept   atomic.Pointer[signedList]
	making singleflight.Group
}

type signedList struct {
	text string
	made time.Time
}

// getRevocationList has all callers share the making of one list; none waits longer than its own context.
func (s *server) getRevocationList(ctx context.Context, _ fleet.Caller, _ *empty) (*textAnswer, error) {
	if s.Authority == nil {
		return nil, errNoAuthority
	}
	list := s.revoked.kept.Load()
	if list == nil || s.Now().Sub(list.made) >= revocationListAge {
		var err error
		if list, err = s.sharedRevocationList(ctx); err != nil {
			return nil, err
		}
	}
	return &textAnswer{ContentType: "application/x-pem-file", Body: []byte(list.text)}, nil
}

func (s *server) sharedRevocationList(ctx context.Context) (*signedList, error) {
	made := s.revoked.making.DoChan("", func() (any, error) { return s.makeRevocationList(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-made:
		list, _ := r.Val.(*signedList)
		return list, r.Err
	}
}

// makeRevocationList is apart from any caller, who could go away while others wait.
func (s *server) makeRevocationList(ctx context.Context) (*signedList, error) {
	ctx, cancel := context.WithTimeout(ctx, revocationListWait)
	defer cancel()
	revoked, err := s.Store.RevokedCertificates(ctx)
	if err != nil {
		return nil, err
	}
	text, err := s.Authority.RevocationList(revoked)
	if err != nil {
		return nil, err
	}
	list := &signedList{text: text, made: s.Now()}
	s.revoked.kept.Store(list)
	return list, nil
}
