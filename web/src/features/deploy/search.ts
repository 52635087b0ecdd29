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
  return clean({
    host_ids: text(search.host_ids),
    group_ids: text(search.group_ids),
    matching: matchingOf(search.matching),
    choose: search.choose === true ? (true as const) : undefined,
    q,
    health,
  });
}

/** Which match; nothing where one part is not understood, as without it they would be more than was meant. */
function matchingOf(value: unknown): HostFilter | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const read: Record<string, unknown> = hostFilter(value as Record<string, unknown>);
  const understood = Object.entries(value).every(([name, given]) => name in read && `${read[name]}` === `${given}`);
  return understood ? read : undefined;
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
