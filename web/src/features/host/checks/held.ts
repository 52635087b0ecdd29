import type { HealthCheck } from '../../../api';
import { healthWord } from '../../../shared/ui/HealthBadge';

/** What keeps a check from showing its last result yet. */
export interface Held {
  /** How many of the results in a row that it takes there were. */
  count: string;
  /** Why it still shows what it does, and what the gate does meanwhile. */
  why: string;
}

/** Undefined where the check shows its last result, as one without thresholds always does. */
export function held(check: HealthCheck): Held | undefined {
  const last = check.last_result;
  if (!last || last.shown === last.outcome) return undefined;
  const [needed, one] = last.healthy ? [check.success_threshold, 'success'] : [check.failure_threshold, 'failure'];
  const many = last.healthy ? 'successes' : 'failures';
  // A threshold that was lowered holds from the next result on.
  const count =
    last.consecutive < needed
      ? `${last.consecutive} of ${needed} ${many}`
      : `${last.consecutive} ${last.consecutive === 1 ? one : many}`;
  const gate = last.healthy ? 'does not wait for it any more' : 'waits already';
  return {
    count,
    why: `Shown as ${healthWord(last.shown).toLowerCase()} until ${needed} ${needed === 1 ? one : many} in a row. The gate goes by the last result and ${check.enabled ? gate : 'does not ask a check that is disabled'}.`,
  };
}
