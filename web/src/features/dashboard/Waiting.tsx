import { useQuery } from '@tanstack/react-query';
import { listEnrolmentsOptions } from '../../api';
import { useMe } from '../../shared/lib/me';
import { PageLink } from '../../shared/ui/PageLink';

/** How many machines wait to be let in, for those who decide on it. */
export function Waiting() {
  const { admin } = useMe();
  const waiting = useQuery({
    ...listEnrolmentsOptions({ query: { status: 'pending', limit: 100 } }),
    enabled: admin,
  });
  if (!waiting.data) return null;
  const { items, next_cursor } = waiting.data;
  const some = next_cursor ? `More than ${items.length}` : items.length;
  return (
    <PageLink to="/enrolments" c={items.length > 0 ? 'var(--caution)' : ''}>
      {some} {items.length === 1 ? 'machine waits' : 'machines wait'} to be let in
    </PageLink>
  );
}
