package main

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// The requests that agents are sent, by the beginnings of their lines.
const (
	askService = "GET /system/services/"
	askHealth  = "GET /health"
	askPatches = "GET /patches"
	askJobs    = "GET /jobs"
	askInfo    = "GET /system/info"
	askJob     = "GET /jobs/"
	sendApply  = "POST /patches/apply"
)

// requests are all of them, in the order in which a host that is patched gets them first.
var requests = []string{askService, askHealth, askPatches, askJobs, askInfo, sendApply, askJob}

// badAnswer is a way to answer badly.
type badAnswer struct {
	name string
	to   []string // the requests that it is an answer to; nil for all
	give func(w http.ResponseWriter, r *http.Request, right reply)
}

// reply is the answer that would be right.
type reply struct {
	status int
	body   []byte
}

// badAnswers are those that say nothing of what was asked, however they may look.
var badAnswers = []badAnswer{
	{"a byte a second", []string{askService}, drip}, // the first host of a sweep has time for it
	{"nothing", nil, body(func([]byte) []byte { return nil })},
	{"a page", nil, fixed(http.StatusOK, "text/html", "<!doctype html><title>Welcome</title><p>healthy: true")},
	{"bytes that are no text", nil, body(func(right []byte) []byte { _, _ = rand.Read(right); return right })},
	{"a list", nil, body(func(right []byte) []byte { return slicesOf("[", right, "]") })},
	{"nested without end", nil, body(func([]byte) []byte { return bytes.Repeat([]byte("["), 1<<20) })},
	{"twice", nil, body(func(right []byte) []byte { return slicesOf("", right, string(right)) })},
	{"half, as if it were all", nil, body(func(right []byte) []byte { return right[:len(right)/2] })},
	{"all but the last bytes announced", nil, cutOff},
	{"more than anybody wants", nil, body(func(right []byte) []byte { return append(right, bytes.Repeat([]byte(" "), 9<<20)...) })},
	{"a bomb", nil, packed(func(reply) []byte { return bomb() })},
	{"no content", nil, fixed(http.StatusNoContent, "", "")},
	{"a failure that claims success", nil, withStatus(http.StatusInternalServerError)},
	{"a redirect elsewhere", nil, redirect(http.StatusFound, "https://192.0.2.1/")},
	{"a redirect to itself", nil, redirect(http.StatusTemporaryRedirect, "")},
	{"another protocol", nil, raw("SSH-2.0-OpenSSH_9.2\r\n\r\n")},
	{"a switch of protocols", nil, raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: agent\r\nConnection: Upgrade\r\n\r\n{}")},
	{"interim answers and no other", nil, raw(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100))},
	{"headers without end", nil, raw("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 100))},
	{"headers and no body", nil, raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")},
	{"broken chunks", nil, raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n")},
	{"a key twice", nil, replace(`"success":true`, `"success":false,"success":true`)},
	{"a boolean as text", nil, replace(`"success":true`, `"success":"true"`)},
	{"success beside an error", nil, replace(`"error":null`, `"error":{"code":"X","message":"x"}`)},
	{"a failure with data", nil, replace(`"success":true`, `"success":false`)},
	{"a timestamp that is none", nil, replace(`"timestamp":"2`, `"timestamp":"x2`)},
	{"data without fields", nil, data("{}")},
	{"data of another question", nil, data(`{"hostname":"h00.fault.internal","os":"Debian GNU/Linux","total":0}`)},

	{"another service", []string{askService}, replace(`"name":"`+service, `"name":"`+spare)},
	{"healthy as text", []string{askService}, replace(`"healthy":true`, `"healthy":"true"`)},
	{"healthy as a number", []string{askService}, replace(`"healthy":true`, `"healthy":1`)},
	{"healthy twice", []string{askService}, replace(`"healthy":true`, `"healthy":false,"healthy":true`)},
	{"healthy in other letters", []string{askService}, replace(`"healthy"`, `"Healthy"`)},
	{"a host that is up since after now", []string{askHealth}, data(`{"status":"healthy","uptime_seconds":-1}`)},
	{"an uptime beyond all numbers", []string{askHealth}, data(`{"status":"healthy","uptime_seconds":1e300}`)},
	{"fewer patches than there are", []string{askPatches}, data(`{"patches":[],"total":1}`)},
	{"patches without names", []string{askPatches}, data(`{"patches":[{"available_version":"1"}],"total":1}`)},
	{"too many patches", []string{askPatches}, data(`{"patches":[` + strings.Repeat(`{"name":"a"},`, 30_000) + `{"name":"a"}],"total":30001}`)},
	{"jobs as an object", []string{askJobs}, data(`{"jobs":{},"total":0}`)},
	{"a job whose id leads elsewhere", []string{askJobs}, data(`{"jobs":[{"job_id":"../../health","status":"running"}],"total":1}`)},
	{"a reboot that may be pending", []string{askInfo}, data(`{"pending_reboot":"maybe"}`)},
	{"another job", []string{askJob}, data(`{"job_id":"0190f3a2-7c1e-7d44-9a55-0123456789ab","operation":"patch_apply","status":"completed","progress":100}`)},
	{"a status that nobody knows", []string{askJob}, replace(`"status":"`, `"status":"un`)},
	{"a job without a status", []string{askJob}, replace(`"status"`, `"state"`)},
	{"accepted with status 200", []string{sendApply}, withStatus(http.StatusOK)},
	{"accepted as job of no id", []string{sendApply}, replace(`"job_id"`, `"id"`)},
	{"accepted as job of an id that leads elsewhere", []string{sendApply}, data(`{"job_id":"../../health","status":"pending"}`)},
}

// body answers with another body of the right status.
func body(of func(right []byte) []byte) func(http.ResponseWriter, *http.Request, reply) {
	return func(w http.ResponseWriter, _ *http.Request, right reply) {
		write(w, right.status, of(bytes.Clone(right.body)))
	}
}

func replace(old, replacement string) func(http.ResponseWriter, *http.Request, reply) {
	return body(func(right []byte) []byte { return bytes.Replace(right, []byte(old), []byte(replacement), 1) })
}

// data answers with other data in the right envelope.
func data(of string) func(http.ResponseWriter, *http.Request, reply) {
	return body(func(right []byte) []byte {
		before, rest, _ := bytes.Cut(right, []byte(`"data":`))
		_, after, _ := cutLast(rest, []byte(`,"error":`))
		return bytes.Join([][]byte{before, after}, []byte(`"data":`+of+`,"error":`))
	})
}

func cutLast(b, sep []byte) (before, after []byte, found bool) {
	i := bytes.LastIndex(b, sep)
	if i < 0 {
		return b, nil, false
	}
	return b[:i], b[i+len(sep):], true
}

func slicesOf(before string, right []byte, after string) []byte {
	return bytes.Join([][]byte{[]byte(before), right, []byte(after)}, nil)
}

func withStatus(status int) func(http.ResponseWriter, *http.Request, reply) {
	return func(w http.ResponseWriter, _ *http.Request, right reply) { write(w, status, right.body) }
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func fixed(status int, contentType, body string) func(http.ResponseWriter, *http.Request, reply) {
	return func(w http.ResponseWriter, _ *http.Request, _ reply) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// redirect leads to a URL, or with none to where the request went already.
func redirect(status int, to string) func(http.ResponseWriter, *http.Request, reply) {
	return func(w http.ResponseWriter, r *http.Request, right reply) {
		where := to
		if where == "" {
			where = "https://" + r.Host + r.URL.Path
		}
		w.Header().Set("Location", where)
		write(w, status, right.body)
	}
}

func raw(text string) func(http.ResponseWriter, *http.Request, reply) {
	return func(w http.ResponseWriter, r *http.Request, _ reply) { agenttest.Raw(text)(w, r, nil) }
}

// cutOff announces the right answer and closes the connection before its end.
func cutOff(w http.ResponseWriter, r *http.Request, right reply) {
	agenttest.Truncate(3)(w, r, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, right.status, right.body) }))
}

// packed answers with a body that is packed, which nobody asked for.
func packed(of func(reply) []byte) func(http.ResponseWriter, *http.Request, reply) {
	return func(w http.ResponseWriter, _ *http.Request, right reply) {
		w.Header().Set("Content-Encoding", "gzip")
		write(w, right.status, of(right))
	}
}

func pack(b []byte) []byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(b) // a buffer takes everything
	_ = z.Close()
	return packed.Bytes()
}

// bomb is 64 MiB of nothing, packed.
var bomb = sync.OnceValue(func() []byte { return pack(make([]byte, 64<<20)) })

// drip sends the right answer so slowly that it is as good as none.
func drip(w http.ResponseWriter, r *http.Request, right reply) {
	agenttest.Drip(time.Second)(w, r, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, right.status, right.body) }))
}
