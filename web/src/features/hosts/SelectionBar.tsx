import { Button, Group, Paper, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Host } from '../../api';
import { operatorOnly, someOperatorOnly, useMe } from '../../shared/lib/me';
import { count } from '../../shared/lib/words';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { DeleteHosts } from './DeleteHosts';
import { type HostFilter, linkable } from './search';
import type { Chosen } from './selection';

interface Props {
  chosen: Chosen;
  /** How many match, where all that match are chosen. */
  total: number;
  filter: HostFilter;
  /** Ticks these alone. */
  keep: (hosts: readonly Host[]) => void;
}

/** What can be done with the hosts that are ticked. */
export function SelectionBar({ chosen, total, filter, keep }: Props) {
  const me = useMe();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const n = chosen.all ? total : chosen.hosts.size;
  if (n === 0) return null;
  const refused = chosen.all ? someOperatorOnly(me) : firstRefusal(chosen.hosts, (h) => operatorOnly(me, h.group_ids));
  const tooMany =
    !chosen.all && n > linkable
      ? `At most ${linkable} single hosts can be deployed to from here. Narrow the filter and select all that match.`
      : undefined;
  const targets = chosen.all ? { matching: filter } : { host_ids: [...chosen.hosts.keys()].join(',') };
  return (
    <Paper withBorder px="sm" py={6} component="section" aria-label="Selected hosts">
      <Group gap="xs">
        <Text size="sm" fw={600} role="status">
          {chosen.all ? `All ${count(n, 'host')} that match selected` : `${count(n, 'host')} selected`}
        </Text>
        <AllowedButton
          size="xs"
          because={refused ?? tooMany}
          onClick={() => void navigate({ to: '/deploy', search: targets })}
        >
          Deploy
        </AllowedButton>
        <AllowedButton size="xs" variant="default" because={refused} onClick={() => setDeleting(true)}>
          Delete
        </AllowedButton>
        <Button size="xs" variant="subtle" onClick={() => keep([])}>
          Select none
        </Button>
      </Group>
      {deleting && (
        <DeleteHosts chosen={chosen} total={total} filter={filter} onClose={() => setDeleting(false)} keep={keep} />
      )}
    </Paper>
  );
}

function firstRefusal(hosts: ReadonlyMap<string, Host>, refusal: (host: Host) => string | undefined) {
  for (const host of hosts.values()) {
    const because = refusal(host);
    if (because) return `${host.fqdn}: ${because}`;
  }
  return undefined;
}
