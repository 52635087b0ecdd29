import { List, Text } from '@mantine/core';
import type { Me } from '../../api';
import { Age } from '../../shared/ui/Time';

/** Who one is here, and what one may do. */
export function Roles({ me }: { me: Me }) {
  return (
    <>
      <Text size="sm">
        {me.display_name ? `${me.display_name}, signed in as ${me.name}. ` : `Signed in as ${me.name}. `}
        {me.admin && 'You are an administrator and may do everything. '}
        Last sign-in: <Age at={me.last_login_at} />.
      </Text>
      {!me.admin && me.groups.length === 0 && (
        <Text size="sm">You have a role in no group and see no hosts. An administrator can give you one.</Text>
      )}
      {me.groups.length > 0 && (
        <List size="sm" aria-label="Your roles">
          {me.groups.map((group) => (
            <List.Item key={group.id}>
              {group.role} in {group.name}
            </List.Item>
          ))}
        </List>
      )}
    </>
  );
}
