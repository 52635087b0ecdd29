package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/fleet"
)

// testWait is how long a request waits for the result of a check that a worker runs.
const testWait = 15 * time.Second

// How often one user may have checks run: each run is a request of ours to wherever the check points.
const (
	testLimit  = 10
	testPeriod = time.Minute
)

// CheckPath names a health check in the path of an operation. The framework only fills embedded types that are exported.
type CheckPath struct {
	HostPath
	CheckID string `path:"check_id" doc:"The health check"`
}

type checkList struct {
	Items      []HealthCheck `json:"items"`
	NextCursor *string       `json:"next_cursor" nullable:"true" doc:"Always null: a host has at most 5"`
}

type (
	listChecksAnswer struct{ Body checkList }
	checkAnswer      struct{ Body HealthCheck }
	createCheckInput struct {
		HostPath
		Body HealthCheckInput
	}
	updateCheckInput struct {
		CheckPath
		Body HealthCheckUpdate
	}
	createdCheckAnswer struct {
		Location string `header:"Location"`
		Body     HealthCheck
	}
	checkResultAnswer struct{ Body CheckResult }
)

const checksPath = "/hosts/{id}/health-checks"

func (s *server) registerChecks() {
	tags := []string{"Health checks"}
	handle(s, huma.Operation{
		OperationID: "listHealthChecks", Method: http.MethodGet, Path: checksPath, Tags: tags,
		Summary: "List the health checks of a host", Errors: readErrors,
	}, s.listChecks)
	handle(s, huma.Operation{
		OperationID: "createHealthCheck", Method: http.MethodPost, Path: checksPath, Tags: tags,
		Summary: "Add a health check to a host; the sixth is refused", DefaultStatus: http.StatusCreated, Errors: changeErrors,
	}, s.createCheck)
	handle(s, huma.Operation{
		OperationID: "getHealthCheck", Method: http.MethodGet, Path: checksPath + "/{check_id}", Tags: tags,
		Summary: "Read a health check", Errors: readErrors,
	}, s.getCheck)
	handle(s, huma.Operation{
		OperationID: "updateHealthCheck", Method: http.MethodPut, Path: checksPath + "/{check_id}", Tags: tags,
		Summary: "Replace a health check", Errors: changeErrors,
		Description: "An absent basic_auth_pass keeps the stored password and null clears it. It is also cleared where the scheme, host or port of the URL changes, or where no basic_auth_user is sent.",
	}, s.updateCheck)
	handle(s, huma.Operation{
		OperationID: "deleteHealthCheck", Method: http.MethodDelete, Path: checksPath + "/{check_id}", Tags: tags,
		Summary: "Delete a health check", DefaultStatus: http.StatusNoContent, Errors: changeErrors,
	}, s.deleteCheck)
	handle(s, huma.Operation{
		OperationID: "testHealthCheck", Method: http.MethodPost, Path: checksPath + "/{check_id}/test", Tags: tags,
		Summary: "Run a health check now, store and return its result", Errors: append(changeErrors, http.StatusTooManyRequests),
		Description: "A worker that reaches the host runs it; without an answer within 15 s the request ends with 503. Each user may run 10 a minute.",
	}, s.testCheck)
	s.registerCheckResults()
	s.registerCheckHistory()
}

func (s *server) listChecks(ctx context.Context, by fleet.Caller, in *HostPath) (*listChecksAnswer, error) {
	host := pathID(in.ID)
	checks, err := s.Store.Checks(ctx, by.Sees(), host)
	if err != nil {
		return nil, err
	}
	return &listChecksAnswer{Body: checkList{Items: convert(checks, s.checkBody)}}, nil
}

func (s *server) createCheck(ctx context.Context, by fleet.Caller, in *createCheckInput) (*createdCheckAnswer, error) {
	host := pathID(in.ID)
	check := in.Body.check(s.Policy)
	check.ID, check.HostID = uuid.Must(uuid.NewV7()).String(), host
	err := s.withPassword(ctx, check, in.Body.BasicAuthPass, func(check fleet.Check) error {
		return s.Store.CreateCheck(ctx, by, check)
	})
	if err != nil {
		return nil, err
	}
	s.wake(ctx)
	created, err := s.Store.Check(ctx, by.Sees(), host, check.ID)
	if err != nil {
		return nil, fmt.Errorf("read created check: %w", err)
	}
	return &createdCheckAnswer{
		Location: Base + "/hosts/" + host + "/health-checks/" + check.ID, Body: s.checkBody(created),
	}, nil
}

// validate refuses also what the check could be stored with and never be carried out.
func (s *server) validate(c fleet.Check) error {
	if err := c.Validate(); err != nil || c.Type != fleet.CheckHTTP {
		return err
	}
	return s.Policy.Outbound.CheckURL(c.URL)
}

// withPassword stores a check with its password encrypted; once more where the key was rotated away in between.
func (s *server) withPassword(ctx context.Context, check fleet.Check, password *string, store func(fleet.Check) error) error {
	for attempt := 1; ; attempt++ {
		sealed, err := s.seal(ctx, check, password)
		if err != nil {
			return err
		}
		check.Password = sealed
		if err := s.validate(check); err != nil {
			return err
		}
		err = store(check)
		if attempt == 2 || !fleet.IsCode(err, fleet.CodeKeyChanged) {
			return err
		}
	}
}

// seal encrypts the password of a check; nil stays nil. The check has its ids already, since they are bound into the
// ciphertext with the origin of its URL.
func (s *server) seal(ctx context.Context, c fleet.Check, password *string) (*fleet.SealedPassword, error) {
	if password == nil {
		return nil, nil //nolint:nilnil // no password is no error
	}
	if err := fleet.CheckText("basic_auth_pass", *password, maxPassword, false); err != nil {
		return nil, err
	}
	if *password == "" {
		return nil, fleet.Invalid("basic_auth_pass", "must not be empty; send null for no password")
	}
	sealed, err := s.Sealer.Seal(ctx, *password, c)
	if err != nil {
		return nil, fmt.Errorf("seal password: %w", err)
	}
	return &sealed, nil
}

func (s *server) getCheck(ctx context.Context, by fleet.Caller, in *CheckPath) (*checkAnswer, error) {
	host, id := pathID(in.ID), pathID(in.CheckID)
	check, err := s.Store.Check(ctx, by.Sees(), host, id)
	if err != nil {
		return nil, err
	}
	return &checkAnswer{Body: s.checkBody(check)}, nil
}

func (s *server) updateCheck(ctx context.Context, by fleet.Caller, in *updateCheckInput) (*checkAnswer, error) {
	host, id := pathID(in.ID), pathID(in.CheckID)
	check := in.Body.check(s.Policy)
	check.ID, check.HostID = id, host
	err := s.withPassword(ctx, check, in.Body.BasicAuthPass.Value, func(check fleet.Check) error {
		return s.Store.UpdateCheck(ctx, by, fleet.CheckUpdate{Check: check, KeepPassword: !in.Body.BasicAuthPass.Sent})
	})
	if err != nil {
		return nil, err
	}
	s.wake(ctx)
	return s.getCheck(ctx, by, &in.CheckPath)
}

func (s *server) deleteCheck(ctx context.Context, by fleet.Caller, in *CheckPath) (*empty, error) {
	host, id := pathID(in.ID), pathID(in.CheckID)
	if err := s.Store.DeleteCheck(ctx, by, host, id); err != nil {
		return nil, err
	}
	s.wake(ctx)
	return nil, nil //nolint:nilnil // the framework answers without a body
}

func (s *server) testCheck(ctx context.Context, by fleet.Caller, in *CheckPath) (*checkResultAnswer, error) {
	hostID, id := pathID(in.ID), pathID(in.CheckID)
	host, err := s.Store.Host(ctx, by.Sees(), hostID, s.resultAges())
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Check(ctx, by.Sees(), hostID, id); err != nil {
		return nil, err
	}
	if !by.Operates().Holds(host.GroupIDs) {
		return nil, fleet.Forbidden("operator_required", "this takes the operator role in a group of the host")
	}
	if err := s.Store.Take(ctx, "test health check by "+by.UserID, testLimit, testPeriod); err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, testWait)
	defer cancel()
	result, err := s.Runs.TestCheck(wait, TestCheckRequest{HostID: hostID, CheckID: id, Zone: host.Zone, Actor: by.Actor()})
	if err != nil && wait.Err() != nil && ctx.Err() == nil {
		return nil, fleet.Unavailable("test_timeout", "no worker of zone %s answered within %s", host.Zone, testWait)
	}
	if err != nil {
		return nil, err
	}
	return &checkResultAnswer{Body: resultBody(result)}, nil
}
