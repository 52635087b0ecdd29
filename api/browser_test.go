package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// rightPassword is that of every user of the tests.
const rightPassword = "correct horse battery"

// fakePasswords stands for the hashing, which takes its time on purpose, and counts it.
type fakePasswords struct {
	mu       sync.Mutex
	verified int
}

func (f *fakePasswords) Hash(_ context.Context, password string) (string, error) {
	return "$argon2id$fake$" + password, nil
}

func (f *fakePasswords) Verify(_ context.Context, password, hash string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.verified++
	return hash == "$argon2id$fake$"+password, nil
}

func (f *fakePasswords) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.verified
}

// user makes a user with rightPassword and returns the id.
func (s *site) user(name string, admin bool) string {
	s.t.Helper()
	id := uuid.NewString()
	s.exec(`insert into users (id, name, is_admin, password_hash) values ($1, $2, $3, $4)`, id, name, admin, "$argon2id$fake$"+rightPassword)
	return id
}

// browser is somebody's browser: it keeps cookies and has an address.
type browser struct {
	*site
	cookies map[string]string
	address string
}

func (s *site) browser(address string) *browser {
	return &browser{site: s, cookies: map[string]string{}, address: address}
}

// call sends a request with the cookies and keeps those of the answer.
func (b *browser) call(method, path string, body any, headers ...string) answer {
	b.t.Helper()
	text := ""
	if body != nil {
		encoded, err := json.Marshal(body)
		require.NoError(b.t, err)
		text = string(encoded)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(text))
	r.RemoteAddr = b.address + ":1234"
	r.Header.Set("User-Agent", "browser of the tests")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
}

// must is call with the status that has to be answered.
func (b *browser) must(status int, method, path string, body any, headers ...string) map[string]any {
	b.t.Helper()
	a := b.call(method, path, body, headers...)
	require.Equal(b.t, status, a.status, "%s %s: %s", method, path, a.body)
	if len(a.body) == 0 {
		return nil
	}
	return a.json(b.t)
}

func (b *browser) login(user, password string) answer {
	b.t.Helper()
	return b.call("POST", "/api/v1/login", map[string]any{"user": user, "password": password})
}

// signedIn is a browser of a user who signed in.
func (s *site) signedIn(user string) *browser {
	s.t.Helper()
	b := s.browser("192.0.2.1")
	a := b.login(user, rightPassword)
	require.Equal(s.t, 200, a.status, "%s", a.body)
	return b
}

const sessionCookie = "patch_manager_session"

// copied is another browser with the same cookies.
func (b *browser) copied() *browser {
	c := b.site.browser(b.address)
	for name, value := range b.cookies {
		c.cookies[name] = value
	}
	return c
}

// requireAudit holds the last entry of the audit to an action, and returns what it says.
func (s *site) requireAudit(t *testing.T, action string) (actor, subject, remote, detail string) {
	t.Helper()
	var last string
	require.NoError(t, s.pool.QueryRow(context.Background(),
		`select action, actor_name, subject_id, remote_addr, detail::text from audit_entries order by seq desc limit 1`).
		Scan(&last, &actor, &subject, &remote, &detail))
	require.Equal(t, action, last)
	return actor, subject, remote, detail
}
