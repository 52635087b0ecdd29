package healthtest

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Server is one target that does its kind of harm to whoever connects.
type Server struct {
	kind     Kind
	listener net.Listener
	settled  atomic.Int32

	mu    sync.Mutex
	conns map[net.Conn]bool
	ended bool
}

// Serve starts a target on a free port of 127.0.0.1.
func Serve(kind Kind) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start hostile server: %w", err)
	}
	if kind.certs.bytes > 0 {
		config, err := kind.certs.config()
		if err != nil {
			l.Close()
			return nil, err
		}
		l = tls.NewListener(l, config)
	}
	s := &Server{kind: kind, listener: l, conns: map[net.Conn]bool{}}
	go s.accept()
	return s, nil
}

// URL is what a check of this target requests.
func (s *Server) URL() string {
	scheme := "http"
	if s.kind.certs.bytes > 0 {
		scheme = "https"
	}
	return scheme + "://" + s.listener.Addr().String() + "/"
}

// Settled is how many clients have got all that this target sends, or went before.
func (s *Server) Settled() int { return int(s.settled.Load()) }

// Close ends the target and its connections.
func (s *Server) Close() {
	s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for c := range s.conns {
		c.Close()
	}
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if s.keep(conn) {
			go s.serve(conn)
		}
	}
}

func (s *Server) keep(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		conn.Close()
		return false
	}
	s.conns[conn] = true
	return true
}

// serve does the harm, and then waits for the client to go. A client that went earlier shows as an error of a write.
func (s *Server) serve(conn net.Conn) {
	defer func() {
		conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	_, err := conn.Read(make([]byte, 4<<10))
	if err == nil {
		err = s.kind.harm(conn)
	}
	s.settled.Add(1)
	if err == nil {
		_, _ = io.Copy(io.Discard, conn)
	}
}
