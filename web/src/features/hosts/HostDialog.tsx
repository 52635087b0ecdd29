import { Alert, Button, Group, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { Host, HostInput } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { HostFields } from './HostFields';
import { hostBody, hostFields, hostValues, newHost } from './hostForm';

interface Props {
  title: string;
  verb: string;
  /** The one that is edited. */
  host?: Host;
  onClose: () => void;
  save: (body: HostInput) => Promise<unknown>;
  pending: boolean;
  error: unknown;
}

/** Asks for what a host is, new or known. */
export function HostDialog({ title, verb, host, onClose, save, pending, error }: Props) {
  const form = useForm({ initialValues: host ? hostValues(host) : newHost });
  const body = hostBody(form.values, host);
  const submit = () => save(body).catch(besideFields(form, hostFields));
  return (
    <FormDialog dirty={form.isDirty()} pending={pending} onClose={onClose} title={title}>
      <form onSubmit={form.onSubmit(() => void submit())}>
        <Stack gap="sm">
          <ProblemAlert lines={ofTheWhole(error, hostFields)} />
          <HostFields form={form} />
          {host && form.values.fqdn.trim() !== host.fqdn && (
            <Alert color="yellow" variant="light" role="status" title="The certificate will be revoked">
              With another FQDN the certificates that were issued for {host.fqdn} are revoked, and the host must enroll
              again.
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <CopyCurl method={host ? 'PUT' : 'POST'} path={`/api/v1/hosts${host ? `/${host.id}` : ''}`} body={body} />
            <Button type="submit" loading={pending}>
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </FormDialog>
  );
}
