package healthtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Kind is a way to do harm.
type Kind struct {
	Name string
	// Still says that the harm ends in silence, with the check at its worst unless it has given up.
	Still bool
	certs certificates // none means http
	// harm answers a request; it returns an error when the client is gone, and nil to hold it from then on.
	harm func(io.Writer) error
}

// Kinds are the ways to do harm: those that hold a check as long as they can with as much in its memory as the limits let
// them, those that go past a limit, and those that keep it busy.
var Kinds = []Kind{
	{Name: "silence", Still: true, harm: send("")},
	{Name: "headers without end of them", Still: true, harm: send("HTTP/1.1 200 OK\r\n" + headers(500))},
	{Name: "short headers", Still: true, harm: send("HTTP/1.1 200 OK\r\n" + headers(5000))},
	{Name: "headers without a body", Still: true, harm: send("HTTP/1.1 200 OK\r\n" + headers(500) + "\r\n")},
	{Name: "one long header", Still: true, harm: send("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 31<<10))},
	{Name: "half a body", Still: true, harm: send("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + strings.Repeat("x", 63<<10))},
	{Name: "half a packed body", Still: true, harm: func(w io.Writer) error { return send(packedHead + string(halfPacked()))(w) }},
	{Name: "small certificates", Still: true, certs: certificates{bytes: 1 << 10}, harm: send("")},
	{Name: "a wide certificate", Still: true, certs: certificates{5 << 10, true}, harm: send("")},
	{Name: "too wide a certificate", Still: true, certs: certificates{15 << 10, true}, harm: send("")},
	{Name: "too many certificates", Still: true, certs: certificates{bytes: 33 << 10}, harm: send("")},
	{Name: "flood of headers", harm: endless("HTTP/1.1 200 OK\r\n", headers(5000))},
	{Name: "flood of interim answers", harm: endless("", "HTTP/1.1 103 Early Hints\r\n\r\n")},
	{Name: "bomb", harm: func(w io.Writer) error { return send(packedHead + string(bomb()))(w) }},
	{Name: "nothing, packed without end", harm: endless(packedHead+emptyMember()[:10], strings.Repeat("\x00\x00\x00\xff\xff", 6<<10))},
	{Name: "packed nothings without end", harm: endless(packedHead, strings.Repeat(emptyMember(), 1<<10))},
	{Name: "small chunks", harm: endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\nx\r\n", 4<<10))},
	{Name: "small pieces", harm: drip("HTTP/1.1 200 OK\r\n\r\n", "x", time.Millisecond)},
	{Name: "endless redirect", harm: slowly("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")},
	{Name: "drip", harm: drip("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", "x", 100*time.Millisecond)},
	{Name: "drip of headers", harm: drip("HTTP/1.1 200 OK\r\n", "X: y\r\n", 100*time.Millisecond)},
}

const packedHead = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"

// headers are n headers of 31 KiB together, each of another name: in a map they take many times that.
func headers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%x:%s\r\n", i, strings.Repeat("x", max(0, 31<<10/n-8)))
	}
	return b.String()
}

func send(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func endless(first, again string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, first)
		for err == nil {
			_, err = io.WriteString(w, again)
		}
		return err
	}
}

func drip(first, drop string, pause time.Duration) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, first)
		for tick := time.NewTicker(pause); err == nil; <-tick.C {
			_, err = io.WriteString(w, drop)
		}
		return err
	}
}

// slowly answers after a while and closes the connection.
func slowly(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		time.Sleep(time.Second)
		_, _ = io.WriteString(w, text)
		return io.EOF
	}
}

// bomb is 64 MiB of zeros, packed.
var bomb = sync.OnceValue(func() []byte { return packed(64<<20, false) })

// halfPacked is a packed body of which a little less is there than a check reads.
var halfPacked = sync.OnceValue(func() []byte { return packed(60<<10, true) })

func emptyMember() string { return string(packed(0, false)) }

func packed(zeros int, unfinished bool) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	block := make([]byte, 64<<10)
	for left := zeros; left > 0; left -= len(block) {
		_, _ = z.Write(block[:min(left, len(block))]) // a buffer takes everything
	}
	if unfinished {
		_ = z.Flush()
		return b.Bytes()
	}
	_ = z.Close()
	return b.Bytes()
}
