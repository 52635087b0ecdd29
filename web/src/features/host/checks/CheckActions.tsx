import { Group, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  getHostQueryKey,
  type HealthCheck,
  listHealthCheckResultsQueryKey,
  listHealthChecksQueryKey,
  testHealthCheckMutation,
  updateHealthCheckMutation,
} from '../../../api';
import { AllowedButton } from '../../../shared/ui/AllowedButton';
import { ProblemAlert } from '../../../shared/ui/ProblemAlert';
import { CheckDialog } from './CheckDialog';
import { checkBody, checkValues } from './checkForm';
import { DeleteCheck } from './DeleteCheck';
import { TestResult } from './TestResult';

interface Props {
  check: HealthCheck;
  because: string | undefined;
  last: boolean;
}

/** What can be done with a check, and what came of it. */
export function CheckActions({ check, because, last }: Props) {
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const path = { id: check.host_id, check_id: check.id };
  const onSettled = useReadAnew(check);
  const test = useMutation({ ...testHealthCheckMutation(), onSettled });
  const toggle = useMutation({ ...updateHealthCheckMutation(), onSettled });
  const small = { size: 'compact-xs', variant: 'default', because } as const;
  const switched = checkBody({ ...checkValues(check), enabled: !check.enabled });
  return (
    <Stack gap="xs">
      <Group gap={6}>
        <AllowedButton {...small} loading={test.isPending} onClick={() => test.mutate({ path })}>
          Test now
        </AllowedButton>
        <AllowedButton {...small} onClick={() => setOpen('edit')}>
          Edit
        </AllowedButton>
        <AllowedButton {...small} loading={toggle.isPending} onClick={() => toggle.mutate({ path, body: switched })}>
          {check.enabled ? 'Disable' : 'Enable'}
        </AllowedButton>
        <AllowedButton {...small} onClick={() => setOpen('delete')}>
          Delete
        </AllowedButton>
      </Group>
      <TestResult test={test} name={check.name} />
      <ProblemAlert error={toggle.error} />
      {open === 'edit' && <CheckDialog hostId={check.host_id} check={check} onClose={() => setOpen(undefined)} />}
      {open === 'delete' && <DeleteCheck check={check} last={last} onClose={() => setOpen(undefined)} />}
    </Stack>
  );
}

/** Reads what a check says and what depends on it anew: a result that changes no state sends no event. */
function useReadAnew({ host_id, id }: HealthCheck) {
  const client = useQueryClient();
  const path = { id: host_id };
  const keys = [
    listHealthChecksQueryKey({ path }),
    getHostQueryKey({ path }),
    listHealthCheckResultsQueryKey({ path: { ...path, check_id: id } }),
  ];
  return () => Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })));
}
