import { Group, Loader, SegmentedControl } from '@mantine/core';
import { IconHandStop, IconPlus } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useState } from 'react';
import type { CalendarItem } from '../../api';
import { adminOnly, someOperatorOnly, useMe } from '../../shared/lib/me';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { Page } from '../../shared/ui/Page';
import { GroupSelect } from '../groups/GroupSelect';
import { HostSelect } from '../hosts/HostSelect';
import type { Act } from './columns';
import { DeleteWindow } from './DeleteWindow';
import { StopDialog } from './StopDialog';
import type { WindowsSearch } from './search';
import { WindowDialog } from './WindowDialog';
import { WindowList } from './WindowList';

const Calendar = lazy(async () => ({ default: (await import('./Calendar')).Calendar }));

type Open = 'new' | 'stop' | { item: CalendarItem; act: 'edit' | 'delete' };

/** When hosts may be patched and when not, as a list and as a calendar. */
export function WindowsPage() {
  const search = useSearch({ from: '/shell/windows' });
  const [open, setOpen] = useState<Open>();
  const act = useCallback<Act>((item, what) => {
    if (item.may_edit) setOpen({ item, act: what });
  }, []);
  return (
    <Page title="Maintenance windows" actions={<Actions onNew={() => setOpen('new')} onStop={() => setOpen('stop')} />}>
      <Filters search={search} />
      {search.view === 'calendar' ? (
        <Suspense fallback={<Loader aria-label="Loading" />}>
          <Calendar search={search} act={act} />
        </Suspense>
      ) : (
        <WindowList search={search} act={act} />
      )}
      <Dialog open={open} search={search} onClose={() => setOpen(undefined)} />
    </Page>
  );
}

function Dialog({ open, search, onClose }: { open: Open | undefined; search: WindowsSearch; onClose: () => void }) {
  if (!open) return null;
  if (open === 'stop') return <StopDialog onClose={onClose} />;
  if (open === 'new') {
    const owner = search.host_id
      ? { scope: 'host', id: search.host_id }
      : search.group_id && { scope: 'group', id: search.group_id };
    return <WindowDialog onClose={onClose} {...(owner ? { owner } : {})} />;
  }
  if (open.act === 'edit') return <WindowDialog window={open.item.window} onClose={onClose} />;
  return <DeleteWindow item={open.item} onClose={onClose} />;
}

function Actions({ onNew, onStop }: { onNew: () => void; onStop: () => void }) {
  const me = useMe();
  return (
    <>
      <AllowedButton
        size="xs"
        variant="default"
        because={adminOnly(me)}
        onClick={onStop}
        leftSection={<IconHandStop size={14} aria-hidden />}
      >
        Emergency stop
      </AllowedButton>
      <AllowedButton
        size="xs"
        because={someOperatorOnly(me)}
        onClick={onNew}
        leftSection={<IconPlus size={14} aria-hidden />}
      >
        New window
      </AllowedButton>
    </>
  );
}

function Filters({ search }: { search: WindowsSearch }) {
  const navigate = useNavigate({ from: '/windows' });
  const set = (part: Partial<Record<keyof WindowsSearch, string | null>>) =>
    void navigate({
      search: (old) =>
        Object.fromEntries(Object.entries({ ...old, ...part }).filter(([, value]) => value)) as WindowsSearch,
      replace: true,
    });
  return (
    <Group gap="xs" align="flex-end">
      <SegmentedControl
        aria-label="Show as"
        data={[
          { value: 'list', label: 'List' },
          { value: 'calendar', label: 'Calendar' },
        ]}
        value={search.view ?? 'list'}
        onChange={(view) => set({ view: view === 'calendar' ? view : null, from: null })}
      />
      <GroupSelect
        aria-label="Group"
        placeholder="Any group"
        value={search.group_id ?? null}
        onChange={(group_id) => set({ group_id, host_id: null })}
        clearable
        w={190}
      />
      <HostSelect
        aria-label="Host"
        placeholder="Any host"
        value={search.host_id ?? null}
        onChange={(host_id) => set({ host_id, group_id: null })}
        clearable
        w={220}
      />
    </Group>
  );
}
