//go:build integration

package integration_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// webServer answers health checks with what they sent: it knows the password, and does what it can to have it written
// down somewhere.
type webServer struct {
	url string
	mu  sync.Mutex
	got map[string]bool // passwords
}

func startWeb(t *testing.T) *webServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	w := &webServer{url: "http://" + l.Addr().String(), got: map[string]bool{}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go w.serve(conn)
		}
	}()
	return w
}

// The paths of the server, and what it answers there; {} is the password and the header that it came in.
var hostilePages = map[string]string{
	"/ok":       "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n",
	"/body":     "HTTP/1.1 200 OK\r\nX-Echo: {}\r\n\r\n{}",
	"/location": "HTTP/1.1 302 {}\r\nLocation: /{}\r\nContent-Length: 0\r\n\r\n",
	"/reason":   "HTTP/1.1 500 {}\r\nContent-Length: 0\r\n\r\n",
	"/status":   "HTTP/1.1 {}\r\n\r\n",
	"/version":  "{} 200 OK\r\n\r\n",
	"/header":   "HTTP/1.1 200 OK\r\n{}\r\n\r\n",
	"/chunks":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n",
	"/encoding": "HTTP/1.1 200 OK\r\nContent-Encoding: {}\r\n\r\n{}",
	"/length":   "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
}

func (w *webServer) serve(conn net.Conn) {
	defer conn.Close()
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return // it spoke TLS
	}
	_, password, _ := request.BasicAuth()
	w.mu.Lock()
	w.got[password] = true
	w.mu.Unlock()
	echo := password + " " + request.Header.Get("Authorization")
	_, _ = io.WriteString(conn, strings.ReplaceAll(hostilePages[request.URL.Path], "{}", echo))
}

func (w *webServer) knows(password string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.got[password]
}

// page is a check of the hostile server.
func page(url, user, password string) map[string]any {
	return map[string]any{
		"name": url[strings.LastIndexByte(url, '/')+1:], "check_type": "http", "url": url, "expected_body": "ok", "enabled": true,
		"basic_auth_user": user, "basic_auth_pass": password, "ignore_cert_errors": false,
	}
}
