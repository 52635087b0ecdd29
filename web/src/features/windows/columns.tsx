import { Group, Stack, Text } from '@mantine/core';
import { IconBan, IconTool } from '@tabler/icons-react';
import type { ColumnDef } from '@tanstack/react-table';
import type { CalendarItem } from '../../api';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { Countdown, Span } from '../../shared/ui/Time';
import { mayNotChange } from './owner';
import { ruleTimes } from './words';

export type Act = (item: CalendarItem, act: 'edit' | 'delete') => void;

/** Whether it lets patches start or forbids them, as icon and word. */
export function Kind({ kind, enabled = true }: { kind: string; enabled?: boolean }) {
  const blackout = kind === 'blackout';
  const Icon = blackout ? IconBan : IconTool;
  return (
    <Group
      gap={4}
      wrap="nowrap"
      component="span"
      display="inline-flex"
      style={{ verticalAlign: 'middle' }}
      c={blackout ? 'var(--caution)' : undefined}
    >
      <Icon size={14} aria-hidden style={{ flexShrink: 0 }} />
      {blackout ? 'Blackout' : 'Window'}
      {!enabled && ' (disabled)'}
    </Group>
  );
}

export const windowColumns = (act: Act): ColumnDef<CalendarItem, unknown>[] => [
  {
    id: 'label',
    header: 'Window',
    meta: { width: 'minmax(90px, 1.3fr)' },
    cell: ({ row: { original: i } }) => (
      <Stack gap={0} miw={0}>
        <Text inherit truncate>
          {i.window.label || i.window.recurrence}
        </Text>
        <Text size="xs" hiddenFrom="sm" component="div">
          <Kind kind={i.window.kind} enabled={i.window.enabled} />
        </Text>
      </Stack>
    ),
  },
  {
    id: 'kind',
    header: 'Kind',
    meta: { width: 'minmax(90px, 0.8fr)', from: 'sm' },
    cell: ({ row: { original: i } }) => <Kind kind={i.window.kind} enabled={i.window.enabled} />,
  },
  {
    id: 'owner',
    header: 'Of',
    meta: { width: 'minmax(124px, 1fr)', from: 'sm' },
    cell: ({ row: { original: i } }) => i.owner ?? 'The whole site',
  },
  {
    id: 'rule',
    header: 'Occurs',
    meta: { width: 'minmax(160px, 2.6fr)', from: 'lg' },
    cell: ({ row: { original: i } }) => (
      <Text
        size="sm"
        lh={1.3}
        lineClamp={2}
        style={{ whiteSpace: 'normal' }}
        title={`${ruleTimes(i.window)} ${i.window.time_zone}`}
      >
        {ruleTimes(i.window)}{' '}
        <Text span size="xs" c="dimmed">
          {i.window.time_zone}
        </Text>
      </Text>
    ),
  },
  {
    id: 'next',
    header: 'Next',
    meta: { width: 'minmax(72px, 3fr)' },
    cell: ({ row: { original: i } }) => <Next item={i} />,
  },
  {
    id: 'actions',
    header: 'Actions',
    meta: { width: '116px' },
    cell: ({ row: { original: i } }) => <Actions item={i} act={act} />,
  },
];

function Next({ item }: { item: CalendarItem }) {
  const next = item.window.next[0];
  if (!item.window.enabled) return 'disabled';
  if (!next) {
    return (
      <Text span size="sm" c="dimmed">
        never again
      </Text>
    );
  }
  return (
    <>
      <Text span inherit visibleFrom="sm">
        <Span from={next.starts_at} to={next.ends_at} />
      </Text>
      <Text span inherit hiddenFrom="sm">
        <Countdown to={next.starts_at} past="now" />
      </Text>
    </>
  );
}

function Actions({ item, act }: { item: CalendarItem; act: Act }) {
  const because = mayNotChange(item);
  const name = item.window.label || item.window.recurrence;
  const common = { size: 'compact-xs', variant: 'default', because } as const;
  return (
    <Group gap={4} wrap="nowrap">
      <AllowedButton {...common} onClick={() => act(item, 'edit')} aria-label={`Edit ${name}`}>
        Edit
      </AllowedButton>
      <AllowedButton {...common} onClick={() => act(item, 'delete')} aria-label={`Delete ${name}`}>
        Delete
      </AllowedButton>
    </Group>
  );
}
