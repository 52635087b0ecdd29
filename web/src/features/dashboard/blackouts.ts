import type { Window } from '../../api';
import { spanAt } from '../windows/days';

/** The blackouts among windows that last now, and until when. */
export function blackoutsNow(
  windows: readonly Pick<Window, 'id' | 'kind' | 'label' | 'enabled' | 'next'>[],
  now: number,
) {
  return windows.flatMap(({ id, kind, label, enabled, next }) => {
    const span = spanAt(next, now);
    return kind === 'blackout' && enabled && span ? [{ id, label, until: span.ends_at }] : [];
  });
}
