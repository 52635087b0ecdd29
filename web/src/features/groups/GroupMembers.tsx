import { Loader, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type Group, listGroupUsersOptions } from '../../api';
import { adminOnly, useMe } from '../../shared/lib/me';
import { count } from '../../shared/lib/words';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { AddMember } from './AddMember';
import { MemberRow } from './MemberRow';

export function GroupMembers({ group }: { group: Group }) {
  const me = useMe();
  const [adding, add] = useDisclosure();
  const actions = (
    <AllowedButton
      size="xs"
      variant="default"
      because={adminOnly(me)}
      onClick={add.open}
      leftSection={<IconPlus size={14} aria-hidden />}
    >
      Add a user
    </AllowedButton>
  );
  return (
    <Section title={count(group.user_count, 'user')} actions={actions}>
      {me.admin ? (
        <Members group={group} />
      ) : (
        <Text size="sm">Who they are and what they may do is shown to administrators only.</Text>
      )}
      {adding && <AddMember group={group} onClose={add.close} />}
    </Section>
  );
}

function Members({ group }: { group: Group }) {
  const members = useQuery(listGroupUsersOptions({ path: { id: group.id }, query: { limit: 200 } }));
  if (members.error) return <ProblemAlert error={members.error} retry={() => void members.refetch()} />;
  if (!members.data) return <Loader size="sm" aria-label="Loading" />;
  if (members.data.items.length === 0) {
    return <Text size="sm">Nobody has a role in the group yet. Administrators need none.</Text>;
  }
  return (
    <Table aria-label="Users of the group" verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>User</Table.Th>
          <Table.Th>Role</Table.Th>
          <Table.Th visibleFrom="sm">Comes from</Table.Th>
          <Table.Th w={90}>Actions</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {members.data.items.map((member) => (
          <MemberRow key={member.user_id} group={group} member={member} />
        ))}
      </Table.Tbody>
    </Table>
  );
}
