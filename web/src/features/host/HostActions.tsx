import { IconPencil, IconTrash } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Host } from '../../api';
import { operatorOnly, useMe } from '../../shared/lib/me';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { DeleteHost } from './DeleteHost';
import { EditHost } from './EditHost';

/** What can be done with a host. */
export function HostActions({ host }: { host: Host }) {
  const because = operatorOnly(useMe(), host.group_ids);
  const navigate = useNavigate();
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const close = () => setOpen(undefined);
  const small = { size: 'xs', variant: 'default', because } as const;
  return (
    <>
      <CopyCurl path={`/api/v1/hosts/${host.id}`} />
      <AllowedButton {...small} leftSection={<IconPencil size={14} aria-hidden />} onClick={() => setOpen('edit')}>
        Edit
      </AllowedButton>
      <AllowedButton {...small} leftSection={<IconTrash size={14} aria-hidden />} onClick={() => setOpen('delete')}>
        Delete
      </AllowedButton>
      <AllowedButton
        size="xs"
        because={because}
        onClick={() => void navigate({ to: '/deploy', search: { host_ids: host.id } })}
      >
        Deploy
      </AllowedButton>
      {open === 'edit' && <EditHost host={host} onClose={close} />}
      {open === 'delete' && <DeleteHost host={host} onClose={close} />}
    </>
  );
}
