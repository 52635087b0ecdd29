package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresConfig says how to run a Postgres server.
type PostgresConfig struct {
	// Dir is where the data is, or for root a link to it.
	Dir string
	// Port to listen on; zero for any free one. PortSetting is what chooses another, for the message about a taken one.
	Port        int
	PortSetting string
	// Database is created if it does not exist.
	Database string
	// Throwaway data does not survive a crash of the machine, and is fast.
	Throwaway bool
	// Env is added to the environment of the server.
	Env []string
	// Wait is how long a former server on the same data gets to end; 15 s if zero.
	Wait time.Duration
}

// Postgres is a running server that ends with us.
type Postgres struct {
	*Process
	url  string
	port int
}

// The superuser of the servers that we make.
const postgresUser = "patch_manager"

const startTimeout = 60 * time.Second

// Smart enough for us is Postgres's fast stop: sessions are cut, data is written. The immediate one leaves recovery to
// the next start.
var postgresStop = []stopStep{
	{syscall.SIGINT, 15 * time.Second},
	{syscall.SIGQUIT, 5 * time.Second},
	{syscall.SIGKILL, 5 * time.Second},
}

// StartPostgres starts a server on its own data folder, makes that folder if it is new, and waits until the server
// answers. It fails with ErrNoPostgres and with ErrInUse.
func StartPostgres(ctx context.Context, c PostgresConfig) (*Postgres, error) {
	bin, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	if c.Port != 0 {
		if err := CheckPort(c.Port, "Postgres", c.PortSetting); err != nil {
			return nil, err
		}
	}
	dir, acc, err := place(c.Dir)
	if err != nil {
		return nil, err
	}
	if c.Wait == 0 {
		c.Wait = lockWait
	}
	lock, err := lockDir(dir, c.Wait)
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	// The server has its own copy of the descriptor.
	defer lock.Close()
	s := postgresServer{config: c, bin: bin, dir: dir, account: acc, lock: lock}
	return s.start(ctx)
}

// PlacePostgres makes the folder in which a server with this Dir keeps its data, and returns where that is.
func PlacePostgres(dir string) (string, error) {
	placed, _, err := place(dir)
	return placed, err
}

// RemovePostgres removes the data of a stopped server.
func RemovePostgres(dir string) error { return removeData(dir) }

// URL is the address of the server's database, password included.
func (p *Postgres) URL() string { return p.url }

// Stop cuts all sessions and ends the server in order.
func (p *Postgres) Stop() error { return p.stop(postgresStop) }

type postgresServer struct {
	config   PostgresConfig
	bin, dir string
	account  *Account
	lock     *os.File
	password string
}

func (s *postgresServer) data() string { return filepath.Join(s.dir, "data") }

func (s *postgresServer) start(ctx context.Context) (*Postgres, error) {
	if err := s.ensureData(ctx); err != nil {
		return nil, err
	}
	// We hold the lock that every process of a server holds, so whatever this names is not a server of this data.
	if err := os.Remove(filepath.Join(s.data(), "postmaster.pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	port, err := s.port()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(s.logPath(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	defer log.Close()
	p, err := Start(Command{
		Name: "postgres", Path: filepath.Join(s.bin, "postgres"), Args: s.args(port), Dir: s.dir, Env: append(s.env(), s.config.Env...),
		Output: log, Files: []*os.File{s.lock}, Account: s.account, DeathSignal: syscall.SIGINT,
	})
	if err != nil {
		return nil, err
	}
	server := &Postgres{Process: p, url: s.url(port, s.config.Database), port: port}
	if err := s.ready(ctx, p, port); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return server, nil
}

func (s *postgresServer) logPath() string { return filepath.Join(s.dir, "postgres.log") }

func (s *postgresServer) port() (int, error) {
	if s.config.Port != 0 {
		return s.config.Port, nil
	}
	return FreePort()
}

func (s *postgresServer) args(port int) []string {
	args := []string{
		"-D", s.data(), "-p", strconv.Itoa(port),
		// No socket file: its folder would have to be writable for the account, and its path short.
		"-c", "unix_socket_directories=", "-c", "listen_addresses=" + Loopback,
		"-c", "timezone=UTC", "-c", "log_timezone=UTC", "-c", "max_connections=500",
	}
	if s.config.Throwaway {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	return args
}

// The caller's environment may hold PG* variables that mean another server.
func (s *postgresServer) env() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
}

func (s *postgresServer) url(port int, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(postgresUser, s.password),
		Host: Address(port), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// ready waits until the server answers and has the database.
func (s *postgresServer) ready(ctx context.Context, p *Process, port int) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := s.ensureDatabase(ctx, port)
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("start: %w; its log ends with:\n%s", p.ended(), tail(s.logPath()))
		case <-ctx.Done():
			return fmt.Errorf("start postgres: no answer: %w; its log ends with:\n%s", err, tail(s.logPath()))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *postgresServer) ensureDatabase(ctx context.Context, port int) error {
	conn, err := pgx.Connect(ctx, s.url(port, "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var exists bool
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", s.config.Database).Scan(&exists)
	if err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, "create database "+pgx.Identifier{s.config.Database}.Sanitize())
	return err
}
