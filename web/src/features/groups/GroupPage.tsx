import { Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPencil, IconTrash } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type Group, getGroupOptions } from '../../api';
import { adminOnly, useMe } from '../../shared/lib/me';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { Page } from '../../shared/ui/Page';
import { DeleteGroup } from './DeleteGroup';
import { GroupDialog } from './GroupDialog';
import { GroupHosts } from './GroupHosts';
import { GroupMembers } from './GroupMembers';
import { GroupWindows } from './GroupWindows';

export function GroupPage() {
  const { groupId } = useParams({ from: '/shell/groups/$groupId' });
  const { data: group } = useSuspenseQuery(getGroupOptions({ path: { id: groupId } }));
  return (
    <Page title={group.name} actions={<Actions group={group} />}>
      {group.description && (
        <Text size="sm" c="dimmed">
          {group.description}
        </Text>
      )}
      <GroupHosts group={group} />
      <GroupMembers group={group} />
      <GroupWindows group={group} />
    </Page>
  );
}

function Actions({ group }: { group: Group }) {
  const because = adminOnly(useMe());
  const [editing, edit] = useDisclosure();
  const [deleting, remove] = useDisclosure();
  return (
    <>
      <AllowedButton
        size="xs"
        variant="default"
        because={because}
        onClick={edit.open}
        leftSection={<IconPencil size={14} aria-hidden />}
      >
        Edit
      </AllowedButton>
      <AllowedButton
        size="xs"
        variant="default"
        because={because}
        onClick={remove.open}
        leftSection={<IconTrash size={14} aria-hidden />}
      >
        Delete
      </AllowedButton>
      {editing && <GroupDialog group={group} onClose={edit.close} />}
      {deleting && <DeleteGroup group={group} onClose={remove.close} />}
    </>
  );
}
