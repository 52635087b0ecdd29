import { Button, Group, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import {
  createHealthCheck,
  type HealthCheck,
  type HealthCheckInputWritable,
  type HealthCheckUpdateWritable,
  listHealthChecksQueryKey,
  updateHealthCheck,
} from '../../../api';
import { besideFields, ofTheWhole } from '../../../shared/lib/formProblem';
import { CopyCurl } from '../../../shared/ui/CopyCurl';
import { FormDialog } from '../../../shared/ui/FormDialog';
import { ProblemAlert } from '../../../shared/ui/ProblemAlert';
import { CheckFields } from './CheckFields';
import { checkBody, checkFields, checkValues, newCheck } from './checkForm';

interface Props {
  hostId: string;
  /** The one that is edited; absent: another is added. */
  check?: HealthCheck;
  onClose: () => void;
}

/** Adds or edits a check. What was typed stays until it is stored. */
export function CheckDialog({ hostId, check, onClose }: Props) {
  const form = useForm({ initialValues: check ? checkValues(check) : newCheck });
  const save = useSave(hostId, check, onClose, besideFields(form, checkFields));
  const body = checkBody(form.values);
  const path = `/api/v1/hosts/${hostId}/health-checks`;
  return (
    <FormDialog
      dirty={form.isDirty()}
      pending={save.isPending}
      onClose={onClose}
      title={check ? `Edit ${check.name}` : 'Add a health check'}
    >
      <form onSubmit={form.onSubmit(() => save.mutate(body))}>
        <Stack gap="sm">
          <ProblemAlert lines={ofTheWhole(save.error, checkFields)} />
          <CheckFields form={form} check={check} />
          <Group justify="flex-end" gap="xs">
            <CopyCurl
              method={check ? 'PUT' : 'POST'}
              path={check ? `${path}/${check.id}` : path}
              body={'basic_auth_pass' in body && body.basic_auth_pass ? { ...body, basic_auth_pass: '…' } : body}
            />
            <Button type="submit" loading={save.isPending}>
              {check ? 'Save' : 'Add check'}
            </Button>
          </Group>
        </Stack>
      </form>
    </FormDialog>
  );
}

function useSave(
  hostId: string,
  check: HealthCheck | undefined,
  onSaved: () => void,
  onError: (error: unknown) => void,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: HealthCheckUpdateWritable) =>
      check
        ? await updateHealthCheck({ path: { id: hostId, check_id: check.id }, body, throwOnError: true })
        : // A new check has no password to clear: what is sent is never null.
          await createHealthCheck({ path: { id: hostId }, body: body as HealthCheckInputWritable, throwOnError: true }),
    onSuccess: onSaved,
    onError,
    onSettled: () => client.invalidateQueries({ queryKey: listHealthChecksQueryKey({ path: { id: hostId } }) }),
  });
}
