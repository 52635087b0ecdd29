package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// maxRetryAfter bounds what an agent can ask for.
const maxRetryAfter = time.Hour

// classify tells what an answer says of the request. Every answer that is not surely one of the others leaves it open
// whether the agent took the request.
func classify(resp *http.Response, now time.Time) fleet.SendResult {
	result := fleet.SendResult{Outcome: fleet.SendUnknown, Status: resp.StatusCode}
	a, err := readAnswer(resp, maxSmall)
	if err != nil {
		result.Detail = fleet.Clip(err.Error())
		return result
	}
	if a.problem != nil {
		return refused(result, a.problem, resp.Header, now)
	}
	var accepted JobAccepted
	if resp.StatusCode != http.StatusAccepted {
		result.Detail = fmt.Sprintf("agent answered %d where 202 is due", resp.StatusCode)
		return result
	}
	if json.Unmarshal(a.data, &accepted) != nil || !jobID.MatchString(accepted.JobID) {
		result.Detail = "agent answered 202 without a usable job_id"
		return result
	}
	result.Outcome, result.JobID = fleet.SendAccepted, accepted.JobID
	if accepted.ScheduledAt != nil {
		result.ScheduledAt = accepted.ScheduledAt.Ptr()
	}
	return result
}

func refused(result fleet.SendResult, problem *fleet.AgentError, header http.Header, now time.Time) fleet.SendResult {
	result.Code, result.Detail = problem.Code, fleet.Clip(problem.Error())
	switch {
	case problem.Status == http.StatusTooManyRequests || problem.Status == http.StatusConflict:
		result.Outcome = fleet.SendRefused
		result.RetryAfter = retryAfter(header.Get("Retry-After"), now)
	case problem.Status < 500:
		result.Outcome = fleet.SendRejected
	}
	return result
}

// retryAfter reads seconds or an HTTP date; what it can not read is no wish.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

func notSent(err error) fleet.SendResult {
	return fleet.SendResult{Outcome: fleet.SendNotSent, Detail: fleet.Clip("nothing was sent: " + err.Error())}
}
