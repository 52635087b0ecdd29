import { Button, Kbd } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, spotlight } from '@mantine/spotlight';
import '@mantine/spotlight/styles.css';
import { IconSearch, IconServer } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { listHostsOptions } from '../../api';
import { useMe } from '../../shared/lib/me';
import { pagesOf } from './pages';

export function PaletteButton() {
  return (
    <Button
      variant="default"
      size="compact-sm"
      onClick={spotlight.open}
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={<Kbd size="xs">Ctrl K</Kbd>}
      visibleFrom="sm"
    >
      Go to
    </Button>
  );
}

/** Goes to a page or a host by name: Ctrl+K. */
export function Palette() {
  const me = useMe();
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const [asked] = useDebouncedValue(query.trim(), 150);
  const hosts = useQuery({ ...listHostsOptions({ query: { q: asked, limit: 7 } }), enabled: asked !== '' });
  const matching = pagesOf(me).filter((page) => page.label.toLowerCase().includes(query.trim().toLowerCase()));
  return (
    <Spotlight.Root query={query} onQueryChange={setQuery} shortcut="mod + K">
      <Spotlight.Search
        placeholder="A page or a host"
        aria-label="Go to"
        leftSection={<IconSearch size={18} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {matching.map((page) => (
          <Spotlight.Action
            key={page.to}
            label={page.label}
            leftSection={<page.icon size={18} aria-hidden />}
            onClick={() => void navigate({ to: page.to })}
          />
        ))}
        {(asked ? (hosts.data?.items ?? []) : []).map((host) => (
          <Spotlight.Action
            key={host.id}
            label={host.fqdn}
            description={host.display_name}
            leftSection={<IconServer size={18} aria-hidden />}
            onClick={() => void navigate({ to: '/hosts/$hostId', params: { hostId: host.id } })}
          />
        ))}
        {matching.length === 0 && hosts.data?.items.length === 0 && (
          <Spotlight.Empty>Nothing is called that</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
