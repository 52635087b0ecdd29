import { useQuery } from '@tanstack/react-query';
import { listHosts } from '../../api';
import type { HostFilter } from '../hosts/search';
import type { Targets } from './search';

/** The hosts and groups to send: all that match are the hosts that match now, and live. */
export function useTargets({ matching, ...targets }: Targets) {
  const found = useQuery({
    queryKey: [{ _id: 'listHosts', idsOf: matching }],
    queryFn: ({ signal }) => idsOf(matching ?? {}, signal),
    enabled: matching !== undefined,
  });
  if (matching === undefined) return { targets, error: null, ready: true };
  return { targets: { ...targets, host_ids: found.data ?? [] }, error: found.error, ready: found.isSuccess };
}

/** The ids of all that match. */
async function idsOf(filter: HostFilter, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const query = { ...filter, limit: 200, ...(cursor ? { cursor } : {}) };
    const { data } = await listHosts({ query, signal, throwOnError: true });
    ids.push(...data.items.map((h) => h.id));
    cursor = data.next_cursor ?? undefined;
  } while (cursor);
  return [...new Set(ids)].sort();
}
