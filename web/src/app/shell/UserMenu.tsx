import { ActionIcon, Menu, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconBook2, IconLogout, IconMoon, IconSun, IconUser, IconUserCog } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { logoutMutation } from '../../api';
import { useMe } from '../../shared/lib/me';
import { queryClient } from '../../shared/lib/queryClient';
import { tellTabs } from './SignInAgain';

export function UserMenu() {
  const me = useMe();
  const navigate = useNavigate();
  const scheme = useComputedColorScheme('light');
  const { setColorScheme } = useMantineColorScheme();
  const logout = useMutation({
    ...logoutMutation(),
    onSuccess: async () => {
      await navigate({ to: '/login', search: {} });
      queryClient.clear();
      tellTabs('');
    },
  });
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label={`Signed in as ${me.name}`}>
          <IconUser size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)">
            {me.display_name || me.name}
          </Text>
          {me.admin ? 'Administrator' : me.groups.map((g) => `${g.role} in ${g.name}`).join(', ') || 'In no group'}
        </Menu.Label>
        <Menu.Item
          leftSection={other === 'dark' ? <IconMoon size={16} aria-hidden /> : <IconSun size={16} aria-hidden />}
          onClick={() => setColorScheme(other)}
        >
          Show in {other}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconUserCog size={16} aria-hidden />}
          onClick={() => void navigate({ to: '/account' })}
        >
          Your account
        </Menu.Item>
        <Menu.Item leftSection={<IconBook2 size={16} aria-hidden />} component="a" href="/docs">
          API documentation
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => logout.mutate({})}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
