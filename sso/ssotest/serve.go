package ssotest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// groupsScope is what has to be asked for to be told groups, and the claim that they are in.
const groupsScope = "groups"

// serve is the provider's process. It ends with its standard input.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	issuer := "http://" + listener.Addr().String()
	people := &people{users: map[string]User{}}
	store := &keeper{Storage: storage.NewStorage(people), people: people}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /test/users", accept(people.put))
	mux.HandleFunc("PUT /test/client", accept(store.setClient))
	mux.Handle("/", exampleop.SetupServer(issuer, store, slog.New(slog.DiscardHandler), false))
	fmt.Println(issuer)
	go func() { _ = http.Serve(listener, mux) }()
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func accept[T any](take func(T)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var v T
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		take(v)
		w.WriteHeader(http.StatusNoContent)
	}
}

// people is whom the provider knows.
type people struct {
	mu    sync.Mutex
	users map[string]User
}

func (p *people) put(u User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[u.Subject] = u
}

func (p *people) get(is func(User) bool) (User, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.users {
		if is(u) {
			return u, true
		}
	}
	return User{}, false
}

func (p *people) find(is func(User) bool) *storage.User {
	u, ok := p.get(is)
	if !ok {
		return nil
	}
	return &storage.User{ID: u.Subject, Username: u.Name, Password: password, Email: u.Email, EmailVerified: true}
}

// GetUserByID is for the provider.
func (p *people) GetUserByID(id string) *storage.User {
	return p.find(func(u User) bool { return u.Subject == id })
}

// GetUserByUsername is for the provider.
func (p *people) GetUserByUsername(name string) *storage.User {
	return p.find(func(u User) bool { return u.Name == name })
}

// ExampleClientID is for the provider.
func (p *people) ExampleClientID() string { return "none" }

// keeper is zitadel's storage with one client, and groups.
type keeper struct {
	*storage.Storage
	people *people
	mu     sync.Mutex
	client op.Client
}

func (k *keeper) setClient(c Client) {
	registered := storage.WebClient(ClientID, ClientSecret, c.RedirectURL)
	storage.RegisterClients(registered) // where the secret is compared
	k.mu.Lock()
	defer k.mu.Unlock()
	k.client = ourClient{storage.RedirectGlobsClient(registered), c.InToken}
}

// GetClientByClientID is for the provider.
func (k *keeper) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.client == nil || id != ClientID {
		return nil, fmt.Errorf("client not found")
	}
	return k.client, nil
}

// SetUserinfoFromRequest is for the provider: the claims of the ID token.
func (k *keeper) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, token op.IDTokenRequest, scopes []string) error {
	if slices.Contains(scopes, oidc.ScopeProfile) && slices.Contains(scopes, groupsScope) {
		k.addGroups(info, token.GetSubject())
	}
	return k.Storage.SetUserinfoFromRequest(ctx, info, token, scopes)
}

// SetUserinfoFromToken is for the provider: the claims of the userinfo endpoint.
func (k *keeper) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	k.addGroups(info, subject)
	return k.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin)
}

func (k *keeper) addGroups(info *oidc.UserInfo, subject string) {
	if u, ok := k.people.get(func(u User) bool { return u.Subject == subject }); ok {
		info.AppendClaims(groupsScope, u.Groups)
	}
}

// ourClient may ask for groups.
type ourClient struct {
	op.Client
	inToken bool
}

// IsScopeAllowed is for the provider.
func (c ourClient) IsScopeAllowed(scope string) bool { return scope == groupsScope }

// IDTokenUserinfoClaimsAssertion is for the provider.
func (c ourClient) IDTokenUserinfoClaimsAssertion() bool { return c.inToken }
