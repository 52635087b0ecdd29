import { Button, MultiSelect, Group as Row, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Group, listHostsOptions, putGroupHost } from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { count } from '../../shared/lib/words';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';

/** Puts hosts into a group, found by name. */
export function AddHosts({ group, onClose }: { group: Group; onClose: () => void }) {
  const outdate = useOutdate();
  const [chosen, setChosen] = useState<Record<string, string>>({});
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 200);
  const found = useQuery({
    ...listHostsOptions({ query: { limit: 30, ...(q ? { q } : {}) } }),
    placeholderData: keepPreviousData,
  });
  const add = useMutation({
    mutationFn: async (hosts: string[]) => {
      for (const host_id of hosts) await putGroupHost({ path: { id: group.id, host_id }, throwOnError: true });
    },
    onSuccess: onClose,
    onSettled: () => void outdate('listHosts', 'getGroup', 'listGroups'),
  });
  const offered = (found.data?.items ?? []).filter((host) => !host.group_ids.includes(group.id));
  const names = { ...Object.fromEntries(offered.map((host) => [host.id, host.fqdn])), ...chosen };
  const ids = Object.keys(chosen);
  return (
    <FormDialog
      dirty={ids.length > 0 || text !== ''}
      pending={add.isPending}
      onClose={onClose}
      title={`Add hosts to ${group.name}`}
    >
      <Stack gap="sm">
        <ProblemAlert error={add.error} />
        <Text size="sm">The windows of the group will hold for them, and its users will see them.</Text>
        <MultiSelect
          label="Hosts"
          data-autofocus
          placeholder={ids.length === 0 ? 'Name or address' : ''}
          data={Object.entries(names).map(([value, label]) => ({ value, label }))}
          value={ids}
          onChange={(values) => setChosen(Object.fromEntries(values.map((v) => [v, names[v] ?? v])))}
          searchable
          searchValue={text}
          onSearchChange={setText}
          filter={({ options }) => options}
          nothingFoundMessage="No host of that name that is not in the group already"
          hidePickedOptions
          limit={40}
        />
        <Row justify="flex-end">
          <Button disabled={ids.length === 0} loading={add.isPending} onClick={() => add.mutate(ids)}>
            Add {ids.length > 0 ? count(ids.length, 'host') : 'hosts'}
          </Button>
        </Row>
      </Stack>
    </FormDialog>
  );
}
