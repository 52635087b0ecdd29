package devstack

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ReplacePostgres puts an empty server in the place of our own one, whose data is gone, as on another machine: it knows no database
// of the product, and of the roles only what has to be made before a backup is restored.
func (s *Stack) ReplacePostgres(ctx context.Context) error {
	port := s.postgres.port
	if err := s.KillPostgres(); err != nil {
		return err
	}
	if err := RemovePostgres(s.path("postgres")); err != nil {
		return err
	}
	if err := s.runPostgres(ctx, port); err != nil {
		return err
	}
	s.databaseURL = s.postgres.URL()
	s.env.force(databaseVariable, s.databaseURL)
	conn, err := pgx.Connect(ctx, s.databaseURL)
	if err != nil {
		return fmt.Errorf("replace postgres: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "create role patch_manager_app nologin"); err != nil {
		return fmt.Errorf("replace postgres: %w", err)
	}
	return nil
}
