import { clean, text } from '../../shared/lib/search';
import { type HostFilter, hostFilter } from '../hosts/search';

/** What the Deploy page keeps in its URL: what is to be patched, and how the table for choosing is filtered. */
export interface DeploySearch {
  /** Ids with commas between. */
  host_ids?: string;
  group_ids?: string;
  /** All hosts that match. */
  matching?: HostFilter;
  /** Hosts are being chosen. */
  choose?: true;
  q?: string;
  health?: NonNullable<HostFilter['health']>;
}

export function deploySearch(search: Record<string, unknown>): DeploySearch {
  const { q, health } = hostFilter(search);
  const matching = search.matching;
  return clean({
    host_ids: text(search.host_ids),
    group_ids: text(search.group_ids),
    matching:
      typeof matching === 'object' && matching !== null ? hostFilter(matching as Record<string, unknown>) : undefined,
    choose: search.choose === true ? (true as const) : undefined,
    q,
    health,
  });
}

/** What is to be patched. */
export interface Targets {
  host_ids?: string[];
  group_ids?: string[];
  matching?: HostFilter;
}

export function targetsOf(search: DeploySearch): Targets {
  const list = (ids: string | undefined) => ids?.split(',').filter(Boolean);
  return clean({
    host_ids: list(search.host_ids),
    group_ids: list(search.group_ids),
    matching: search.matching,
  });
}

export const someTarget = (targets: Targets) => Object.keys(targets).length > 0;
