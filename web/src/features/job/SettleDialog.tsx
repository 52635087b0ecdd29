import { Button, Group, Radio, Stack, Text, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getJobHostQueryKey, type JobHostDetail, type SettleInput, settleJobHostMutation } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';

const fields = ['outcome', 'note'] as const;

/** Says how a host ended of which the manager could not find out. */
export function SettleDialog({ host, onClose }: { host: JobHostDetail; onClose: () => void }) {
  const client = useQueryClient();
  const path = { id: host.job_id, host_id: host.host_id };
  const form = useForm({ initialValues: { outcome: '', note: '' } });
  const settle = useMutation({
    ...settleJobHostMutation(),
    onSuccess: (data) => {
      client.setQueryData(getJobHostQueryKey({ path }), data);
      onClose();
    },
    onError: besideFields(form, fields),
  });
  return (
    <FormDialog dirty={form.isDirty()} pending={settle.isPending} onClose={onClose} title={`Settle ${host.fqdn}`}>
      <form
        onSubmit={form.onSubmit(({ outcome, note }) =>
          settle.mutate({ path, body: { outcome: outcome as SettleInput['outcome'], note } }),
        )}
      >
        <Stack gap="md">
          <Text size="sm">
            {host.detail} Until somebody says how it ended, no other job patches this host. Look on the host, at
            /var/log/dpkg.log or by rpm -qa --last.
          </Text>
          <ProblemAlert lines={ofTheWhole(settle.error, fields)} />
          <Radio.Group label="How it ended" required {...form.getInputProps('outcome')}>
            <Group mt={6}>
              <Radio value="succeeded" label="Succeeded" />
              <Radio value="failed" label="Failed" />
            </Group>
          </Radio.Group>
          <Textarea label="How this was found out" autosize minRows={2} {...form.getInputProps('note')} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose} disabled={settle.isPending}>
              Leave it
            </Button>
            <Button type="submit" loading={settle.isPending}>
              Settle
            </Button>
          </Group>
        </Stack>
      </form>
    </FormDialog>
  );
}
