import { Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteHealthCheckMutation, type HealthCheck, listHealthChecksQueryKey } from '../../../api';
import { ConfirmDialog } from '../../../shared/ui/ConfirmDialog';

interface Props {
  check: HealthCheck;
  /** Whether it is the only one that is enabled. */
  last: boolean;
  onClose: () => void;
}

export function DeleteCheck({ check, last, onClose }: Props) {
  const client = useQueryClient();
  const path = { id: check.host_id };
  const remove = useMutation({
    ...deleteHealthCheckMutation(),
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: listHealthChecksQueryKey({ path }) }),
  });
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Delete ${check.name}`}
      verb="Delete check"
      onConfirm={() => remove.mutate({ path: { ...path, check_id: check.id } })}
      pending={remove.isPending}
      error={remove.error}
    >
      <Text size="sm">
        The check {check.name} and its results of 4 days are deleted. Patches that wait for it decide anew at once.
      </Text>
      {last && (
        <Text size="sm" fw={600}>
          No enabled check is left then: the gate is open, and the host is patched whatever its health.
        </Text>
      )}
    </ConfirmDialog>
  );
}
