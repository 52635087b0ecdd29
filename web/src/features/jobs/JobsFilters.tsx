import { Group, Select } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { statusWord } from '../../shared/ui/StatusBadge';
import { GroupSelect } from '../groups/GroupSelect';
import { HostSelect } from '../hosts/HostSelect';
import { type JobsSearch, jobStatuses } from './search';

export function JobsFilters({ search }: { search: JobsSearch }) {
  const navigate = useNavigate({ from: '/jobs' });
  const set = (part: JobsSearch) => void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
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
      <HostSelect
        aria-label="Host"
        placeholder="Any host"
        value={search.host_id ?? null}
        onChange={(host_id) => set({ host_id: host_id ?? undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any host' }}
        w={230}
      />
      <GroupSelect
        aria-label="Group"
        placeholder="Any group"
        value={search.group_id ?? null}
        onChange={(group_id) => set({ group_id: group_id ?? undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any group' }}
        w={190}
      />
    </Group>
  );
}
