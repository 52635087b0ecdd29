import { List, Progress, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteHost, type Host, listHosts } from '../../api';
import { problemOf } from '../../shared/lib/problem';
import { count } from '../../shared/lib/words';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { filterWords } from './activeFilters';
import type { HostFilter } from './search';
import type { Chosen } from './selection';

interface Props {
  chosen: Chosen;
  total: number;
  filter: HostFilter;
  onClose: () => void;
  keep: (hosts: readonly Host[]) => void;
}

interface Refusal {
  host: Host;
  because: string;
}

/** So many are named, and so many may be deleted without typing their number. */
const few = 10;

/** Deletes hosts one after the other, and keeps those that could not be. */
export function DeleteHosts({ chosen, total, filter, onClose, keep }: Props) {
  const client = useQueryClient();
  const [done, setDone] = useState(0);
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState(false);
  const n = chosen.all ? total : chosen.hosts.size;
  const remove = useMutation({
    mutationFn: async () => deleteEach(chosen.all ? await readAll(filter) : [...chosen.hosts.values()], setDone),
    onSuccess: (refusals) => {
      keep(refusals.map((r) => r.host));
      if (refusals.length === 0) onClose();
    },
    onSettled: () => client.invalidateQueries({ predicate: (q) => isOfHosts(q.queryKey) }),
  });
  const sure = n <= few || typed === `${n}`;
  const refusals = remove.data ?? [];
  const verb = `Delete ${count(n, 'host')}`;
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={verb}
      verb={verb}
      onConfirm={() => (sure ? remove.mutate() : setAsked(true))}
      pending={remove.isPending}
      error={remove.error}
    >
      <Text size="sm">
        Their health checks with all results and their own maintenance windows go with them. Rows of jobs stay. A host
        with an unfinished patch is not deleted.
      </Text>
      <Names chosen={chosen} filter={filter} n={n} />
      {n > few && (
        <TextInput
          label={`Type ${n} to delete them`}
          value={typed}
          error={asked && !sure && `Nothing is deleted before ${n} stands here.`}
          onChange={(e) => setTyped(e.currentTarget.value)}
          autoComplete="off"
        />
      )}
      {remove.isPending && <Progress value={(100 * done) / n} aria-label={`${done} of ${n} done`} />}
      <ProblemAlert lines={refusals.map((r) => `${r.host.fqdn}: ${r.because}`)} />
    </ConfirmDialog>
  );
}

function Names({ chosen, filter, n }: { chosen: Chosen; filter: HostFilter; n: number }) {
  if (chosen.all) {
    const words = filterWords(filter);
    return <Text size="sm">{words ? `All ${n} that match: ${words}.` : `All ${n} that you see.`}</Text>;
  }
  const names = [...chosen.hosts.values()].map((h) => h.fqdn);
  return (
    <List size="sm">
      {names.slice(0, few).map((name) => (
        <List.Item key={name}>{name}</List.Item>
      ))}
      {names.length > few && <List.Item>and {names.length - few} more</List.Item>}
    </List>
  );
}

async function deleteEach(hosts: readonly Host[], onDone: (n: number) => void): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const [i, host] of hosts.entries()) {
    onDone(i);
    try {
      await deleteHost({ path: { id: host.id }, throwOnError: true });
    } catch (error) {
      const { status, detail } = problemOf(error);
      if (status === 401) throw error;
      if (status !== 404) refusals.push({ host, because: detail }); // gone already is what was wanted
    }
  }
  return refusals;
}

async function readAll(filter: HostFilter): Promise<Host[]> {
  const hosts: Host[] = [];
  let cursor: string | undefined;
  do {
    const query = { ...filter, limit: 200, ...(cursor ? { cursor } : {}) };
    const { data } = await listHosts({ query, throwOnError: true });
    hosts.push(...data.items);
    cursor = data.next_cursor ?? undefined;
  } while (cursor);
  return hosts;
}

const isOfHosts = (key: readonly unknown[]) => (key[0] as { _id?: string } | undefined)?._id === 'listHosts';
