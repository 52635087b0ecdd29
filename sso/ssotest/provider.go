package ssotest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// roleVariable tells a test binary that it is the provider.
const roleVariable = "PATCH_MANAGER_TEST_PROVIDER"

// What the provider knows us by.
const (
	ClientID     = "patch-manager"
	ClientSecret = "client-secret-that-nobody-may-see"
)

// User is somebody the provider knows.
type User struct {
	Subject string
	Name    string // preferred_username, and what is typed
	Email   string
	Groups  []string
}

// password is everybody's.
const password = "correct horse"

// Client is how the provider treats us.
type Client struct {
	RedirectURL string
	// InToken puts name and groups into the ID token; otherwise they are only at the userinfo endpoint.
	InToken bool
}

// Provider is a running identity provider.
type Provider struct {
	Issuer string
}

// Main runs the tests of a package, or serves the provider where the test binary was started for that.
func Main(m *testing.M) {
	if os.Getenv(roleVariable) != "" {
		serve()
	}
	os.Exit(m.Run())
}

// Start starts a provider, which ends with the test.
func Start(t testing.TB, c Client) *Provider {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"=1")
	child.Stderr = os.Stderr
	// The child ends when this pipe does, so also when this process is killed.
	life, err := child.StdinPipe()
	require.NoError(t, err)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	t.Cleanup(func() {
		_ = life.Close()
		_ = child.Wait()
	})
	issuer, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "the provider did not start")
	p := &Provider{Issuer: strings.TrimSpace(issuer)}
	p.put(t, "/test/client", c)
	return p
}

// Put makes a user, or changes the one with the subject.
func (p *Provider) Put(t testing.TB, u User) {
	t.Helper()
	p.put(t, "/test/users", u)
}

func (p *Provider) put(t testing.TB, path string, body any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.Issuer+path, bytes.NewReader(encoded))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusNoContent, response.StatusCode)
}

// SignIn is what a person does at the provider: it opens the address that the browser was sent to, types name and
// password, and returns the address that the browser is sent back to.
func (p *Provider) SignIn(t testing.TB, address, name string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), p.Issuer+"/") {
			return nil
		}
		return http.ErrUseLastResponse
	}}
	form, err := browser.Get(address)
	require.NoError(t, err)
	page, err := io.ReadAll(form.Body)
	require.NoError(t, err)
	require.NoError(t, form.Body.Close())
	id := form.Request.URL.Query().Get("authRequestID")
	require.NotEmpty(t, id, "no form at %s: %s", form.Request.URL, page)
	back, err := browser.PostForm(p.Issuer+"/login/username", url.Values{"id": {id}, "username": {name}, "password": {password}})
	require.NoError(t, err)
	require.NoError(t, back.Body.Close())
	require.Equal(t, http.StatusFound, back.StatusCode)
	return back.Header.Get("Location")
}
