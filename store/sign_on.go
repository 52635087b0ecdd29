package store

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// SignOn begins a session of whom the identity provider proved, with the roles that its groups give. Who is new becomes a
// user; who has no role any more loses what came by signing on and every session. A refusal of KindForbidden or
// KindConflict is stored with its entry, too. Unknown lists groups of mappings that do not exist here and give nothing.
func (s *Store) SignOn(ctx context.Context, by fleet.Caller, in fleet.Arrival) (made fleet.NewSession, unknown []string, err error) {
	made = fleet.NewSession{ID: newID(), Token: newSecret()}
	var refusal error
	err = s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		granted, missing, err := resolveGrants(ctx, q, fleet.MatchRoles(in.Mappings, in.Groups))
		if err != nil {
			return err
		}
		unknown = missing
		on := signOn{q: q, by: by, who: in.Identity, granted: granted}
		if refusal, err = on.user(ctx); err != nil {
			return err
		}
		if refusal != nil {
			return on.refuse(ctx, refusal)
		}
		if in.SessionID != "" {
			if err := q.EndReplacedSession(ctx, in.SessionID); err != nil {
				return err
			}
		}
		return beginSession(ctx, q, by, fleet.SignIn{UserID: on.userID, Method: fleet.MethodOIDC, UserAgent: in.UserAgent}, made)
	})
	if err == nil && refusal != nil {
		return fleet.NewSession{}, unknown, refusal
	}
	return made, unknown, err
}

// resolveGrants finds the groups that mappings name by id or name.
func resolveGrants(ctx context.Context, q *sqlgen.Queries, matching []fleet.RoleMapping) (granted fleet.Grants, unknown []string, err error) {
	for _, m := range matching {
		if m.Role == fleet.RoleAdmin {
			granted.Admin = true
			continue
		}
		group, err := q.GroupForSignOn(ctx, m.Group)
		if errors.Is(err, pgx.ErrNoRows) {
			unknown = append(unknown, m.Group)
			continue
		}
		if err != nil {
			return granted, nil, err
		}
		granted.Add(group, m.Role)
	}
	return granted, unknown, nil
}

// signOn is one sign-on in its transaction.
type signOn struct {
	q       *sqlgen.Queries
	by      fleet.Caller
	who     fleet.Identity
	granted fleet.Grants
	userID  string // empty until there is one
}

// user finds or makes the user and brings the roles in line; refusal is why nobody signs in.
func (o *signOn) user(ctx context.Context) (refusal, err error) {
	if err := o.q.LockIdentity(ctx, o.who.Issuer, o.who.Subject); err != nil {
		return nil, err
	}
	row, err := o.q.UserByIdentity(ctx, o.who.Issuer, o.who.Subject)
	if errors.Is(err, pgx.ErrNoRows) {
		return o.create(ctx)
	}
	if err != nil {
		return nil, err
	}
	o.userID, o.by.UserID, o.by.Name = row.ID, row.ID, row.Name
	if row.Disabled {
		return errDisabled, nil
	}
	if err := o.rename(ctx, row.Name); err != nil {
		return nil, err
	}
	if err := o.align(ctx, row.IsAdmin, row.AdminBySignOn); err != nil {
		return nil, err
	}
	if !o.granted.None() {
		return nil, nil
	}
	_, err = o.q.DeleteSessions(ctx, row.ID, nil)
	return errNoRole, err
}

var (
	errDisabled = fleet.Forbidden("user_disabled", "the user is disabled here")
	errNoRole   = fleet.Forbidden("sign_on_no_role", "none of your groups at the identity provider gives a role here (oidc.role_mappings)")
)

// create makes the user of an identity that was never seen. A user of the same name is somebody else: names are no proof.
func (o *signOn) create(ctx context.Context) (refusal, err error) {
	if o.granted.None() {
		return errNoRole, nil
	}
	id := newID()
	made, err := o.q.InsertSignOnUser(ctx, id, o.who.Name)
	if err != nil {
		return nil, err
	}
	if made == 0 {
		return fleet.Conflict("name_taken",
			"another user here has your name %q; an administrator has to rename or delete that user first", o.who.Name), nil
	}
	o.userID, o.by.UserID, o.by.Name = id, id, o.who.Name
	if err := o.q.InsertIdentity(ctx, o.who.Issuer, o.who.Subject, id); err != nil {
		return nil, err
	}
	if err := o.record(ctx, "user.create", o.detail(map[string]any{"admin": o.granted.Admin})); err != nil {
		return nil, err
	}
	return nil, o.align(ctx, false, false)
}

// rename follows a change of name at the provider, unless the new name is another user's.
func (o *signOn) rename(ctx context.Context, name string) error {
	if name == o.who.Name {
		return nil
	}
	renamed, err := o.q.RenameUser(ctx, o.who.Name, o.userID)
	if err != nil || renamed == 0 {
		return err
	}
	o.by.Name = o.who.Name
	return o.record(ctx, "user.update", map[string]any{"name": o.who.Name, "was": name})
}

// align brings what came by signing on in line with what is granted now.
func (o *signOn) align(ctx context.Context, admin, bySignOn bool) error {
	if err := o.alignAdmin(ctx, admin, bySignOn); err != nil {
		return err
	}
	rows, err := o.q.HeldRoles(ctx, o.userID)
	if err != nil {
		return err
	}
	held := make([]fleet.HeldRole, len(rows))
	for i, row := range rows {
		held[i] = fleet.HeldRole{GroupID: row.GroupID, Role: fleet.Role(row.Role), BySignOn: row.BySignOn}
	}
	put, remove := fleet.PlanRoles(held, o.granted.Groups)
	for _, group := range remove {
		if _, err := o.q.DeleteGroupUser(ctx, group, o.userID); err != nil {
			return err
		}
		if err := recordGroup(ctx, o.q, o.by, "group.user.delete", group, o.detail(map[string]any{"user_id": o.userID})); err != nil {
			return err
		}
	}
	for _, group := range slices.Sorted(maps.Keys(put)) {
		if err := o.q.PutGroupUserBySignOn(ctx, group, o.userID, string(put[group])); err != nil {
			return err
		}
		detail := o.detail(map[string]any{"user_id": o.userID, "role": put[group]})
		if err := recordGroup(ctx, o.q, o.by, "group.user.put", group, detail); err != nil {
			return err
		}
	}
	return nil
}

// alignAdmin leaves alone who is an administrator by hand.
func (o *signOn) alignAdmin(ctx context.Context, admin, bySignOn bool) error {
	if admin && !bySignOn || admin == o.granted.Admin {
		return nil
	}
	if err := o.q.SetAdminBySignOn(ctx, o.granted.Admin, o.userID); err != nil {
		return err
	}
	return o.record(ctx, "user.update", o.detail(map[string]any{"admin": o.granted.Admin}))
}

// refuse writes who was not let in, and why.
func (o *signOn) refuse(ctx context.Context, refusal error) error {
	var why *fleet.Error
	errors.As(refusal, &why)
	subject := o.userID
	if subject == "" {
		subject = o.who.Name
	}
	detail := o.detail(map[string]any{"method": fleet.MethodOIDC, "reason": why.Code, "name": o.who.Name})
	return writeAudit(ctx, o.q, o.by.Actor(), fleet.ActionLoginFailed, "user", subject, detail)
}

func (o *signOn) record(ctx context.Context, action string, detail map[string]any) error {
	return writeAudit(ctx, o.q, o.by.Actor(), action, "user", o.userID, detail)
}

// detail adds to what an entry says who it is to the provider.
func (o *signOn) detail(what map[string]any) map[string]any {
	what["by_sign_on"], what["issuer"], what["subject"] = true, o.who.Issuer, o.who.Subject
	return what
}
