import { Select, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { deleteGroupUserMutation, type Group, type GroupUser, putGroupUserMutation } from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { type Role, roles } from './roles';

export function MemberRow({ group, member }: { group: Group; member: GroupUser }) {
  const [leaving, leave] = useDisclosure();
  const outdate = useOutdate();
  const done = () => void outdate('listGroupUsers', 'getGroup', 'listGroups', 'getMe');
  const put = useMutation({ ...putGroupUserMutation(), onSuccess: done });
  const remove = useMutation({
    ...deleteGroupUserMutation(),
    onSuccess: () => {
      done();
      leave.close();
    },
  });
  const path = { id: group.id, user_id: member.user_id };
  return (
    <Table.Tr>
      <Table.Td>
        {member.name}
        {member.display_name && (
          <Text size="xs" c="dimmed">
            {member.display_name}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Select
          aria-label={`Role of ${member.name}`}
          data={roles}
          value={member.role}
          onChange={(role) => role && put.mutate({ path, body: { role: role as Role } })}
          allowDeselect={false}
          disabled={put.isPending}
          size="xs"
          w={118}
        />
        <ProblemAlert error={put.error} />
      </Table.Td>
      <Table.Td visibleFrom="sm">
        {member.by_sign_on ? 'The identity provider; the next sign-on sets it again' : 'An administrator'}
      </Table.Td>
      <Table.Td>
        <AllowedButton size="compact-xs" variant="default" onClick={leave.open} aria-label={`Take out ${member.name}`}>
          Take out
        </AllowedButton>
        <ConfirmDialog
          opened={leaving}
          onClose={leave.close}
          title={`Take ${member.name} out of ${group.name}?`}
          verb="Take out"
          pending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate({ path })}
        >
          <Text size="sm">
            {member.name} will no longer see the hosts of the group, unless by another one. Jobs that {member.name}{' '}
            started go on.
            {member.by_sign_on && ' As the role comes from the identity provider, the next sign-on brings it back.'}
          </Text>
        </ConfirmDialog>
      </Table.Td>
    </Table.Tr>
  );
}
