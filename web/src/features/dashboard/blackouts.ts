import type { Window } from '../../api';

/** The blackouts among windows that last now, and until when. */
export function blackoutsNow(
  windows: readonly Pick<Window, 'id' | 'kind' | 'label' | 'enabled' | 'next'>[],
  now: number,
) {
  return windows.flatMap(({ id, kind, label, enabled, next }) => {
    const span = next.find((o) => Date.parse(o.starts_at) <= now && now < Date.parse(o.ends_at));
    return kind === 'blackout' && enabled && span ? [{ id, label, until: span.ends_at }] : [];
  });
}
