import { AppShell, Burger, Group, Loader, NavLink, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { Suspense, useEffect } from 'react';
import { LiveProvider } from '../../live/LiveProvider';
import { useMe } from '../../shared/lib/me';
import { ZoneProvider } from '../../shared/lib/zone';
import { Framed } from '../../shared/ui/RouteError';
import { ClockCaution } from './ClockCaution';
import { LiveBadge } from './LiveBadge';
import { Palette, PaletteButton } from './Palette';
import { pagesOf } from './pages';
import { SignInAgain } from './SignInAgain';
import { UserMenu } from './UserMenu';
import { ZoneSelect } from './ZoneSelect';

/** The frame of every page for whoever is signed in: menu, header, and the stream that keeps it all current. */
export function Shell() {
  return (
    <ZoneProvider>
      <LiveProvider>
        <Frame />
      </LiveProvider>
    </ZoneProvider>
  );
}

function Frame() {
  const me = useMe();
  const [opened, menu] = useDisclosure();
  const path = useRouterState({ select: (s) => s.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes whenever another page is shown
  useEffect(menu.close, [path]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 210, breakpoint: 'md', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header px="sm">
        <a href="#main" className="skip">
          Skip to the content
        </a>
        <Group h="100%" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={menu.toggle} hiddenFrom="md" size="sm" aria-label="Menu" />
            <img src="/favicon.svg" width={22} height={22} alt="" />
            <Text fw={600} visibleFrom="xs">
              Patch Manager
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <PaletteButton />
            <ClockCaution />
            <LiveBadge />
            <ZoneSelect />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <nav aria-label="Pages">
          {pagesOf(me).map((page) => (
            <NavLink
              key={page.to}
              component={Link}
              to={page.to}
              label={page.label}
              leftSection={<page.icon size={18} aria-hidden />}
              active={page.to === '/' ? path === '/' : path.startsWith(page.to)}
              aria-current={(page.to === '/' ? path === '/' : path.startsWith(page.to)) ? 'page' : undefined}
            />
          ))}
        </nav>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Framed value={true}>
          <Suspense fallback={<Loader aria-label="Loading" />}>
            <Outlet />
          </Suspense>
        </Framed>
      </AppShell.Main>
      <Palette />
      <SignInAgain />
    </AppShell>
  );
}
