import type { HostFilter } from './search';

/** Where a deployment of chosen hosts begins: of these, or of all that match a filter then. */
export function deployPath(chosen: { ids: readonly string[] } | { matching: HostFilter }): string {
  const params = new URLSearchParams();
  if ('ids' in chosen) params.set('host_ids', chosen.ids.join(','));
  else params.set('matching', JSON.stringify(chosen.matching));
  return `/deploy?${params}`;
}
