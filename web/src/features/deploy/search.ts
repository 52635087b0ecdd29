import { clean } from '../hosts/search';

/** What the Deploy page keeps in its URL: what is to be patched. */
export interface DeploySearch {
  /** With commas between. */
  host_ids?: string;
  group_ids?: string;
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

export function deploySearch(search: Record<string, unknown>): DeploySearch {
  return clean({ host_ids: text(search.host_ids), group_ids: text(search.group_ids) });
}
