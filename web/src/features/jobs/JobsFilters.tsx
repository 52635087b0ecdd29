import { Group, Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { getHostOptions, listGroupsOptions, listHostsOptions } from '../../api';
import { statusWord } from '../../shared/ui/StatusBadge';
import { type JobsSearch, jobStatuses } from './search';

export function JobsFilters({ search }: { search: JobsSearch }) {
  const navigate = useNavigate({ from: '/jobs' });
  const set = (part: JobsSearch) => void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const groups = useQuery(listGroupsOptions({ query: { limit: 200 } }));
  return (
    <Group gap="xs">
      <Select
        aria-label="Status"
        placeholder="Any status"
        data={jobStatuses.map((status) => ({ value: status, label: statusWord(status) }))}
        value={search.status ?? null}
        onChange={(status) => set({ status: (status ?? undefined) as JobsSearch['status'] })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any status' }}
        w={190}
      />
      <HostSelect value={search.host_id} onChange={(host_id) => set({ host_id })} />
      <Select
        aria-label="Group"
        placeholder="Any group"
        data={(groups.data?.items ?? []).map((group) => ({ value: group.id, label: group.name }))}
        value={search.group_id ?? null}
        onChange={(group_id) => set({ group_id: group_id ?? undefined })}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Any group' }}
        w={190}
      />
    </Group>
  );
}

interface HostSelectProps {
  value: string | undefined;
  onChange: (id: string | undefined) => void;
}

/** Chooses one host by a part of its name. */
function HostSelect({ value, onChange }: HostSelectProps) {
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed, 200);
  const chosen = useQuery({ ...getHostOptions({ path: { id: value ?? '' } }), enabled: value !== undefined });
  const found = useQuery(listHostsOptions({ query: { q, limit: 20 } }));
  const options = (found.data?.items ?? []).map((host) => ({ value: host.id, label: host.fqdn }));
  if (value && !options.some((o) => o.value === value))
    options.unshift({ value, label: chosen.data?.fqdn ?? 'A host that is not there' });
  return (
    <Select
      aria-label="Host"
      placeholder="Any host"
      data={options}
      value={value ?? null}
      onChange={(id) => onChange(id ?? undefined)}
      onSearchChange={(text) => setTyped(options.some((o) => o.label === text) ? '' : text)}
      filter={({ options: all }) => all}
      nothingFoundMessage="No host is called that"
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Any host' }}
      w={230}
    />
  );
}
