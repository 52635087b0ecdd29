package devstack

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// DumpDatabase writes a backup of the database into a file, while everything goes on.
func (s *Stack) DumpDatabase(ctx context.Context, file string) error {
	return s.postgresTool(ctx, "pg_dump", "--format=custom", "--file="+file, s.databaseURL)
}

// RestoreDatabase makes the database what it was when it was dumped into the file. Nobody else may use it meanwhile.
func (s *Stack) RestoreDatabase(ctx context.Context, file string) error {
	if err := s.emptyDatabase(ctx); err != nil {
		return fmt.Errorf("restore database: %w", err)
	}
	return s.postgresTool(ctx, "pg_restore", "--exit-on-error", "--dbname="+s.databaseURL, file)
}

func (s *Stack) emptyDatabase(ctx context.Context) error {
	config, err := pgx.ParseConfig(s.databaseURL)
	if err != nil {
		return err
	}
	name := pgx.Identifier{config.Database}.Sanitize()
	config.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, do := range []string{"drop database " + name, "create database " + name} {
		if _, err := conn.Exec(ctx, do); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) postgresTool(ctx context.Context, name string, args ...string) error {
	bin, err := postgresBinaries()
	if err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, filepath.Join(bin, name), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}
