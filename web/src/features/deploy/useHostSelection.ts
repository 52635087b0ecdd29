import { useNavigate } from '@tanstack/react-router';
import type { Host } from '../../api';
import { clean } from '../../shared/lib/search';
import type { Selection } from '../../shared/ui/VirtualTable';
import { type HostFilter, linkable } from '../hosts/search';
import type { DeploySearch, Targets } from './search';

interface Options {
  targets: Targets;
  /** What the table shows. */
  filter: HostFilter;
  /** Those of it that are read. */
  hosts: Host[];
}

/** The hosts that are ticked, or all that match; they stand in the URL. */
export function useHostSelection({ targets, filter, hosts }: Options): Selection {
  const navigate = useNavigate({ from: '/deploy' });
  const set = (part: Pick<DeploySearch, 'host_ids' | 'matching'>) =>
    void navigate({
      search: ({ host_ids: _, matching: __, ...old }) => ({ ...old, ...part, choose: true }),
      replace: true,
    });
  const all = targets.matching !== undefined && sameFilter(targets.matching, filter);
  const chosen = new Set(all ? hosts.map((h) => h.id) : targets.host_ids);
  return {
    has: (id) => chosen.has(id),
    toggle: (id) => {
      if (!chosen.delete(id)) chosen.add(id);
      set(clean({ host_ids: [...chosen].slice(0, linkable).join(',') || undefined }));
    },
    all,
    some: !all && chosen.size > 0,
    toggleAll: () => set(all ? {} : { matching: filter }),
    name: (id) => hosts.find((h) => h.id === id)?.fqdn ?? id,
  };
}

const sameFilter = (a: HostFilter, b: HostFilter) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (filter: HostFilter) => Object.entries(filter).sort(([a], [b]) => a.localeCompare(b));
