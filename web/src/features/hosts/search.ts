import type { ListHostsData } from '../../api';

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
export function hostsPath(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) for (const v of [value].flat()) params.append(name, `${v}`);
  const given = params.toString();
  return `/api/v1/hosts${given && `?${given}`}`;
}

/** Leaves out what is not set, so that it is not in the URL either. */
export function clean<T extends object>(search: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

// The router reads ?q=10 as a number, and a list of one may be written as a text by hand.
const text = (value: unknown) =>
  (typeof value === 'string' || typeof value === 'number') && value !== '' ? `${value}` : undefined;

function texts(value: unknown): string[] | undefined {
  const all = [value].flat().flatMap((v) => text(v) ?? []);
  return all.length > 0 ? all : undefined;
}

const flag = (value: unknown) => (typeof value === 'boolean' ? value : undefined);

const one = <T>(values: readonly T[], value: unknown): T | undefined => values.find((v) => v === value);
