import type { ListHostsData } from '../../api';
import { apiPath, clean, flag, one, text, texts } from '../../shared/lib/search';

type Query = NonNullable<ListHostsData['query']>;

/** Which hosts: every filter of GET /hosts. */
export type HostFilter = Omit<Query, 'cursor' | 'limit' | 'format' | 'sort'>;

/** What the Hosts page keeps in its URL, called as the API calls it. */
export type HostsSearch = HostFilter & Pick<Query, 'sort'>;

const sorts = ['fqdn', 'health', 'pending_patches', 'last_seen_at'].flatMap((s) => [s, `-${s}`]) as Query['sort'][];

/** Reads the filters off a URL; what is none is left out. */
export function hostFilter(search: Record<string, unknown>): HostFilter {
  return clean({
    q: text(search.q),
    group_id: text(search.group_id),
    zone: text(search.zone),
    health: one(['healthy', 'unhealthy', 'unknown', 'none'] as const, search.health),
    label: texts(search.label),
    agent: one(['reachable', 'unreachable', 'unknown'] as const, search.agent),
    reboot_required: flag(search.reboot_required),
    has_pending_patches: flag(search.has_pending_patches),
    stale: flag(search.stale),
    certificate_expiring: flag(search.certificate_expiring),
  });
}

export function hostsSearch(search: Record<string, unknown>): HostsSearch {
  return clean({ ...hostFilter(search), sort: one(sorts, search.sort) });
}

/** The path of the API that answers a query. */
export const hostsPath = (query: Query) => apiPath('/hosts', query);

/** More ids than this make a link that servers refuse. */
export const linkable = 150;
