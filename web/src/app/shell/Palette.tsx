import { Button, Kbd } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { createSpotlight, Spotlight } from '@mantine/spotlight';
import '@mantine/spotlight/styles.css';
import { IconSearch, IconServer } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { listHostsOptions } from '../../api';
import { useMe } from '../../shared/lib/me';
import { pagesOf } from './pages';

const [store, palette] = createSpotlight();

export function PaletteButton() {
  return (
    <Button
      variant="default"
      size="compact-sm"
      onClick={palette.open}
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
  const pending = query.trim() !== asked || hosts.isLoading;
  const found = (!pending && asked && hosts.data?.items) || [];
  const enter = useEnter(query.trim(), [...matching.map((m) => m.to), ...found.map((h) => h.id)].join(' '), pending);
  return (
    <Spotlight.Root
      store={store}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={enter.forget}
      shortcut="mod + K"
      attributes={{ content: { 'aria-label': 'Go to' } }}
    >
      <Spotlight.Search
        placeholder="A page or a host"
        aria-label="Go to"
        onKeyDown={(e) => e.key === 'Enter' && enter.press()}
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
        {found.map((host) => (
          <Spotlight.Action
            key={host.id}
            label={host.fqdn}
            description={host.display_name}
            leftSection={<IconServer size={18} aria-hidden />}
            onClick={() => void navigate({ to: '/hosts/$hostId', params: { hostId: host.id } })}
          />
        ))}
        {matching.length === 0 && !pending && found.length === 0 && (
          <Spotlight.Empty>Nothing is called that</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

/**
 * Has Enter take the first of what is found: Spotlight chooses it when the text changes, which is before hosts are found. Where
 * nothing is there yet, Enter holds for what will be.
 */
function useEnter(text: string, results: string, pending: boolean) {
  const pressed = useRef<string>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other results have another first one
  useEffect(() => {
    const first = chooseFirst();
    if (!first || pressed.current !== text) return;
    pressed.current = undefined;
    first.click();
  }, [text, results]);
  return {
    press: () => {
      if (pending && results === '') pressed.current = text;
    },
    forget: () => {
      pressed.current = undefined;
    },
  };
}

/** Marks the first action as Spotlight marks what is chosen. */
function chooseFirst(): HTMLElement | null {
  const list = document.getElementById(store.getState().listId);
  const first = list?.querySelector<HTMLElement>('[data-action]') ?? null;
  list?.querySelector('[data-selected]')?.removeAttribute('data-selected');
  first?.setAttribute('data-selected', 'true');
  store.updateState((state) => ({ ...state, selected: first ? 0 : -1 }));
  return first;
}
