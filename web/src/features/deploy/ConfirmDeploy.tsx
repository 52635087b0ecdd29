import { List, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { createJobMutation, type JobInput, type JobPreview, type PreviewHost } from '../../api';
import { count as counted } from '../../shared/lib/words';
import { useZone } from '../../shared/lib/zone';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { verbOf } from './verb';

interface Props {
  preview: JobPreview;
  /** Those that are read. */
  hosts: PreviewHost[];
  body: JobInput;
  idempotencyKey: string;
  onClose: () => void;
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
      error={create.error}
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
    </ConfirmDialog>
  );
}

function names(read: string[], all: number): string {
  const shown = read.slice(0, 12);
  return all > shown.length ? `${shown.join(', ')} and ${all - shown.length} more` : shown.join(', ');
}
