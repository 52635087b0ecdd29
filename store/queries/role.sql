-- name: AuditRights :one
-- What this session may do to audit entries besides reading and adding them, as the role that it works as and as the
-- login that it could fall back to. Nulls, where there are no such tables, come out as false.
-- Unscoped: it reads the catalogue.
select current_user::text as role,
    coalesce(has_table_privilege(c.oid, 'update, delete, truncate, references, trigger')
        or has_any_column_privilege(c.oid, 'update, references')
        or pg_has_role(c.relowner, 'member'), false)::boolean as can_change,
    coalesce(pg_has_role(session_user, c.relowner, 'member'), false)::boolean as login_can_change
from (select to_regclass('audit_entries')::oid as oid) t
left join pg_catalog.pg_class c on c.oid = t.oid;
