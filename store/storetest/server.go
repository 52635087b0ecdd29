package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/devstack"
)

// serverURL is the address of the server of this test process. Nothing stops a server started here: it gets a signal
// from the kernel when the test process ends, however it ends.
var serverURL = sync.OnceValues(func() (string, error) {
	if address := os.Getenv("PATCH_MANAGER_TEST_DATABASE_URL"); address != "" {
		return address, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return startServer(ctx)
})

// More test processes than this at a time is not a thing that happens.
const slots = 64

// startServer starts a server in the first folder that no other test process uses. Folders are used again and again:
// making one takes longer than starting in it.
func startServer(ctx context.Context) (string, error) {
	base := slotDir()
	for slot := range slots {
		dir := filepath.Join(base, strconv.Itoa(slot))
		url, err := startIn(ctx, dir)
		if errors.Is(err, devstack.ErrInUse) {
			continue
		}
		return url, err
	}
	return "", errors.New("every folder for test servers under " + base + " is in use")
}

func startIn(ctx context.Context, dir string) (string, error) {
	config := devstack.PostgresConfig{Dir: dir, Database: "patch_manager", Throwaway: true, Wait: time.Millisecond}
	pg, err := devstack.StartPostgres(ctx, config)
	if err == nil {
		return pg.URL(), dropLeftovers(ctx, pg.URL())
	}
	if errors.Is(err, devstack.ErrInUse) || errors.Is(err, devstack.ErrNoPostgres) {
		return "", err
	}
	// The data is without fsync, so a crash of the machine may have broken it, and nothing is lost with it.
	if err := devstack.RemovePostgres(dir); err != nil {
		return "", err
	}
	pg, err = devstack.StartPostgres(ctx, config)
	if err != nil {
		return "", err
	}
	return pg.URL(), nil
}

func slotDir() string {
	if cache, err := os.UserCacheDir(); err == nil {
		return filepath.Join(cache, "patch-manager", "test-postgres")
	}
	return filepath.Join(os.TempDir(), "patch-manager-test-postgres-"+strconv.Itoa(os.Getuid()))
}

// dropLeftovers drops the databases that earlier failed or killed tests left, and templates of other schemas once they
// are many.
func dropLeftovers(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `select datname from pg_database where datname like 'testdb\_tpl\_%'
		and (not datistemplate or (select count(*) from pg_database where datistemplate) > 12)`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		quoted := pgx.Identifier{name}.Sanitize()
		if _, err := conn.Exec(ctx, "alter database "+quoted+" is_template false"); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "drop database "+quoted+" with (force)"); err != nil {
			return err
		}
	}
	return nil
}
