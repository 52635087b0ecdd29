import { Alert, List, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { createJobMutation, type JobInput, type JobPreview, type PreviewHost } from '../../api';
import { problemOf } from '../../shared/lib/problem';
import { count as counted } from '../../shared/lib/words';
import { useZone } from '../../shared/lib/zone';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { PageLink } from '../../shared/ui/PageLink';
import { verbOf } from './verb';

interface Props {
  preview: JobPreview;
  /** Those that are read. */
  hosts: PreviewHost[];
  body: JobInput;
  idempotencyKey: string;
  onClose: () => void;
}

/** Whether a job may be there although its making failed: one of the same key is, or no answer came. */
const mayBeMade = (error: unknown) =>
  !!error && ['idempotency_key_reused', 'unreachable', 'unexpected'].includes(problemOf(error).code);

function MayBeMade({ error }: { error: unknown }) {
  if (!mayBeMade(error)) return null;
  const { code, detail } = problemOf(error);
  return (
    <Alert color="red" variant="light" role="alert">
      {code === 'idempotency_key_reused'
        ? 'The first request made a job already, and this one is another. '
        : `${detail} Sent again as it is, it makes one job only; once it is changed, it makes another. `}
      Look at <PageLink to="/jobs">the jobs</PageLink> first.
    </Alert>
  );
}

/** The last look before the job is made: it names the hosts. */
export function ConfirmDeploy({ preview, hosts, body, idempotencyKey, onClose }: Props) {
  const navigate = useNavigate();
  const { zone } = useZone();
  const create = useMutation({
    ...createJobMutation(),
    onSuccess: (job) => void navigate({ to: '/jobs/$jobId', params: { jobId: job.id } }),
  });
  const would = preview.hosts - preview.excluded;
  const waiting = preview.health.unhealthy + preview.health.unknown;
  const verb = verbOf(would, body, zone);
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`${verb}?`}
      verb={verb}
      danger={false}
      pending={create.isPending || create.isSuccess}
      error={mayBeMade(create.error) ? undefined : create.error}
      onConfirm={() => create.mutate({ body, headers: { 'Idempotency-Key': idempotencyKey } })}
    >
      <Text size="sm" fw={600}>
        {names(
          hosts.filter((h) => !h.excluded).map((h) => h.fqdn),
          would,
        )}
      </Text>
      <List size="sm">
        <List.Item>
          {body.packages ? `Packages: ${body.packages.join(', ')}` : 'All packages that are available'}
        </List.Item>
        <List.Item>{body.allow_reboot ? 'Rebooted where a host requires it' : 'No reboot'}</List.Item>
        {waiting > 0 && (
          <List.Item>{counted(waiting, 'host')} not healthy now: nothing is sent before that is mended</List.Item>
        )}
        {preview.excluded > 0 && (
          <List.Item>
            {counted(preview.excluded, 'host')} more in the job that would not be patched as things are
          </List.Item>
        )}
      </List>
      <MayBeMade error={create.error} />
    </ConfirmDialog>
  );
}

function names(read: string[], all: number): string {
  const shown = read.slice(0, 12);
  return all > shown.length ? `${shown.join(', ')} and ${all - shown.length} more` : shown.join(', ');
}
