-- name: InsertEvent :exec
insert into events (kind, subject_id, group_ids, site, payload)
values (@kind, @subject_id, @group_ids::uuid[], @site, @payload);
