import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { createHostMutation } from '../../api';
import { someOperatorOnly, useMe } from '../../shared/lib/me';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { HostDialog } from './HostDialog';

/** Registers a host and leads to it, where its checks are added. */
export function AddHost() {
  const me = useMe();
  const navigate = useNavigate();
  const [opened, dialog] = useDisclosure();
  const create = useMutation({
    ...createHostMutation(),
    onSuccess: (host) => navigate({ to: '/hosts/$hostId', params: { hostId: host.id } }),
  });
  const open = () => {
    create.reset();
    dialog.open();
  };
  return (
    <>
      <AllowedButton
        size="xs"
        because={someOperatorOnly(me)}
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={open}
      >
        Add host
      </AllowedButton>
      {opened && (
        <HostDialog
          title="Add a host"
          verb="Add host"
          onClose={dialog.close}
          save={(body) => create.mutateAsync({ body })}
          pending={create.isPending}
          error={create.error}
        />
      )}
    </>
  );
}
