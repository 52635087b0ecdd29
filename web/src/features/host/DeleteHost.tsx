import { List, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { deleteHostMutation, type Host, listHealthChecksOptions, listHostWindowsOptions } from '../../api';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';

/** Deletes a host, and names what goes with it. */
export function DeleteHost({ host, onClose }: { host: Host; onClose: () => void }) {
  const navigate = useNavigate();
  const path = { id: host.id };
  const checks = useQuery(listHealthChecksOptions({ path }));
  const windows = useQuery(listHostWindowsOptions({ path, query: { limit: 200 } }));
  const remove = useMutation({ ...deleteHostMutation(), onSuccess: () => navigate({ to: '/hosts' }) });
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Delete ${host.fqdn}`}
      verb="Delete host"
      onConfirm={() => remove.mutate({ path })}
      pending={remove.isPending}
      error={remove.error}
    >
      <Text size="sm">These go with {host.fqdn}:</Text>
      <List size="sm">
        <List.Item>its registration: it is patched by no job from then on, and jobs that wait for it end</List.Item>
        <List.Item>
          {named(
            'health check',
            checks.data?.items.map((c) => c.name),
          )}
          , with all results
        </List.Item>
        <List.Item>
          {named(
            'window of its own',
            windows.data?.items.map((w) => w.label || w.recurrence),
          )}
        </List.Item>
      </List>
      <Text size="sm">
        The rows of its jobs and the audit stay. The machine itself is not touched. A host with an unfinished patch can
        not be deleted.
      </Text>
    </ConfirmDialog>
  );
}

/** 2 health checks (nginx, start page) */
function named(what: string, names: readonly string[] | undefined): string {
  if (!names) return `every ${what}`;
  if (names.length === 0) return `no ${what}, since there is none`;
  return `${what}: ${names.join(', ')}`;
}
