package api

import (
	"encoding/hex"
	"strconv"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

var auditColumns = []string{
	"seq", "at", "actor_id", "actor_name", "action", "subject_type", "subject_id", "request_id", "remote_addr", "detail", "hash",
}

func auditRow(e fleet.AuditEntry) []string {
	return []string{
		strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339Nano), e.ActorID, e.ActorName, e.Action, e.SubjectType, e.SubjectID,
		e.RequestID, e.RemoteAddr, string(e.Detail), hex.EncodeToString(e.Hash),
	}
}
