import type { ListHostsData } from '../../api';

type Query = NonNullable<ListHostsData['query']>;

/** What the Hosts page keeps in its URL, called as the API calls it. */
export type HostsSearch = Pick<Query, 'q' | 'group_id' | 'zone' | 'health'>;

const healths = ['healthy', 'unhealthy', 'unknown', 'none'] as const;

export function hostsSearch(search: Record<string, unknown>): HostsSearch {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  const health = healths.find((h) => h === search.health);
  return clean({ q: text(search.q), group_id: text(search.group_id), zone: text(search.zone), health });
}

/** Leaves out what is not set, so that it is not in the URL either. */
export function clean<T extends object>(search: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
