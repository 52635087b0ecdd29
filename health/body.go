package health

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

var errEncoding = errors.New("a content encoding that was not asked for")

// search looks for expected in the body of resp, unpacked, and reads no more of it than it needs.
func search(resp *http.Response, expected string) (found, truncated bool, err error) {
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return contains(resp.Body, expected, MaxBody)
	case "gzip", "x-gzip":
		return searchPacked(resp.Body, expected)
	}
	return false, false, errEncoding
}

// unpackers are kept for the next checks: each has 40 KiB of windows and tables.
var unpackers = sync.Pool{New: func() any { return new(gzip.Reader) }}

func searchPacked(body io.Reader, expected string) (found, truncated bool, err error) {
	unpacker, _ := unpackers.Get().(*gzip.Reader)
	defer unpackers.Put(unpacker)
	if err := unpacker.Reset(body); err != nil {
		return false, false, err
	}
	return contains(unpacker, expected, MaxBody)
}

// window is how many bytes are looked at together, besides those that may begin the text.
const window = 4 << 10

// contains looks for expected in the first limit bytes of r, whatever pieces they come in, and stops as soon as it is
// found. Truncated says that r goes on after limit.
func contains(r io.Reader, expected string, limit int) (found, truncated bool, err error) {
	overlap := max(0, len(expected)-1) // where the text may have begun in what was read before
	buffer := make([]byte, overlap+window)
	kept, seen := 0, 0
	for {
		n, err := r.Read(buffer[kept:min(len(buffer), kept+limit+1-seen)])
		inside := min(n, limit-seen)
		seen += n
		if bytes.Contains(buffer[:kept+inside], []byte(expected)) {
			return true, false, nil
		}
		switch {
		case seen > limit, errors.Is(err, io.EOF):
			return false, seen > limit, nil
		case err != nil:
			return false, false, err
		}
		end := kept + n
		kept = copy(buffer, buffer[max(0, end-overlap):end])
	}
}
