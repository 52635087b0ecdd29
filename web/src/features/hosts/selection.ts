import { useState } from 'react';
import type { Host } from '../../api';

/** The hosts that somebody ticked, or all that match the filter. */
export type Chosen = { all: true; filter: string } | { all: false; hosts: ReadonlyMap<string, Host> };

const nothing: Chosen = { all: false, hosts: new Map() };

/** Ticks a host or takes the tick away. Out of all that match, the hosts read so far stay ticked. */
export function toggled(chosen: Chosen, host: Host, read: readonly Host[]): Chosen {
  const hosts = new Map(chosen.all ? read.map((h) => [h.id, h]) : chosen.hosts);
  if (!hosts.delete(host.id)) hosts.set(host.id, host);
  return { all: false, hosts };
}

/** What is selected of a list. Single hosts stay so under another filter; all that match is of its filter alone. */
export function useSelection(filter: string, read: readonly Host[]) {
  const [stored, setChosen] = useState<Chosen>(nothing);
  const chosen = stored.all && stored.filter !== filter ? nothing : stored;
  const byId = (id: string) => read.find((h) => h.id === id);
  return {
    chosen,
    none: () => setChosen(nothing),
    set: setChosen,
    table: {
      has: (id: string) => chosen.all || chosen.hosts.has(id),
      toggle: (id: string) => {
        const host = byId(id);
        if (host) setChosen(toggled(chosen, host, read));
      },
      all: chosen.all,
      some: !chosen.all && chosen.hosts.size > 0,
      toggleAll: () => setChosen(chosen.all ? nothing : { all: true, filter }),
      name: (id: string) => byId(id)?.fqdn ?? id,
    },
  };
}
