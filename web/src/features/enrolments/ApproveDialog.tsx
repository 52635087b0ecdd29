import { Alert, Button, Checkbox, Group, NumberInput, Stack, Textarea, TextInput } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { approveEnrolmentMutation, type Enrolment } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { useOutdate } from '../../shared/lib/outdate';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { GroupMultiSelect } from '../groups/GroupSelect';
import { type ApprovalForm, approvalOf } from './approval';
import { Machine } from './Machine';

const fields = ['address', 'agent_port', 'display_name', 'zone', 'group_ids', 'labels', 'inherit_windows'] as const;

/** Lets a machine have a certificate: as a new host, or as the one that is registered by its name. */
export function ApproveDialog({ enrolment, onClose }: { enrolment: Enrolment; onClose: () => void }) {
  const outdate = useOutdate();
  const form = useForm<ApprovalForm>({
    initialValues: {
      address: enrolment.ip_address,
      agent_port: '',
      display_name: enrolment.hostname,
      zone: 'default',
      group_ids: [],
      labels: '',
      inherit_windows: true,
    },
  });
  const approve = useMutation({
    ...approveEnrolmentMutation(),
    onSuccess: () => {
      void outdate('listEnrolments', 'listHosts', 'listGroups');
      onClose();
    },
    onError: besideFields(form, fields),
  });
  const known = enrolment.registered_host_id;
  const body = known ? { host_id: known } : approvalOf(form.values);
  return (
    <FormDialog
      dirty={form.isDirty()}
      pending={approve.isPending}
      onClose={onClose}
      title={`Approve ${enrolment.fqdn}`}
      size="lg"
    >
      <form onSubmit={form.onSubmit(() => approve.mutate({ path: { id: enrolment.id }, body }))}>
        <Stack gap="sm">
          <ProblemAlert lines={ofTheWhole(approve.error, fields)} />
          <Machine enrolment={enrolment} />
          {known ? (
            <Alert variant="light" color="yellow" title="A host of this name is registered">
              The machine gets a further certificate for it, and the host stays as it is. Approve only if it is that
              machine.
            </Alert>
          ) : (
            <HostFields form={form} />
          )}
          <Group justify="space-between" gap="xs">
            <CopyCurl method="POST" path={`/api/v1/enrolments/${enrolment.id}/approve`} body={body} />
            <Button type="submit" loading={approve.isPending}>
              {known ? 'Approve for the host' : 'Approve and register'}
            </Button>
          </Group>
        </Stack>
      </form>
    </FormDialog>
  );
}

function HostFields({ form }: { form: UseFormReturnType<ApprovalForm> }) {
  return (
    <>
      <Group grow gap="xs" align="flex-start">
        <TextInput
          label="Address"
          description="The IP address or name to dial"
          data-autofocus
          {...form.getInputProps('address')}
        />
        <NumberInput
          label="Agent port"
          description="Empty: that of the settings"
          hideControls
          {...form.getInputProps('agent_port')}
        />
      </Group>
      <Group grow gap="xs" align="flex-start">
        <TextInput label="Display name" {...form.getInputProps('display_name')} />
        <TextInput label="Zone" {...form.getInputProps('zone')} />
      </Group>
      <GroupMultiSelect
        label="Groups"
        description="Without one only administrators see it"
        {...form.getInputProps('group_ids')}
      />
      <Textarea label="Labels" description="One to a line, as name=value" autosize {...form.getInputProps('labels')} />
      <Checkbox
        label="The windows of its groups and of the site hold for it"
        {...form.getInputProps('inherit_windows', { type: 'checkbox' })}
      />
    </>
  );
}
