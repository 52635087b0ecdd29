import type { HostFilter } from './search';

interface ActiveFilter {
  words: string;
  /** What leaves it out. */
  without: HostFilter;
}

const agents: Record<string, string> = {
  reachable: 'agent reachable',
  unreachable: 'agent unreachable',
  unknown: 'agent not asked yet',
};

/** The filters of the box for more in words. */
export function activeFilters(filter: HostFilter): ActiveFilter[] {
  const all: ActiveFilter[] = [];
  const add = (words: string | undefined, without: HostFilter) => words && all.push({ words, without });
  add(filter.agent && agents[filter.agent], { agent: undefined });
  add(either(filter.reboot_required, 'reboot required', 'no reboot required'), { reboot_required: undefined });
  add(either(filter.has_pending_patches, 'patches pending', 'no patches pending'), { has_pending_patches: undefined });
  add(either(filter.stale, 'health stale', 'health not stale'), { stale: undefined });
  add(either(filter.certificate_expiring, 'certificate ends soon', 'certificate does not end soon'), {
    certificate_expiring: undefined,
  });
  add(filter.zone && `zone ${filter.zone}`, { zone: undefined });
  for (const label of filter.label ?? []) {
    const others = filter.label?.filter((l) => l !== label);
    add(`label ${label}`, { label: others?.length ? others : undefined });
  }
  return all;
}

/** The whole filter in words, for sentences about all that match it. */
export function filterWords(filter: HostFilter): string {
  const words = activeFilters(filter).map((f) => f.words);
  if (filter.health) words.unshift(filter.health === 'none' ? 'no checks' : `health ${filter.health}`);
  if (filter.group_id) words.unshift('of the chosen group');
  if (filter.q) words.unshift(`“${filter.q}”`);
  return words.join(', ');
}

const either = (value: boolean | undefined, yes: string, no: string) =>
  value === undefined ? undefined : value ? yes : no;
