import { List, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type CalendarItem, getCalendarOptions, type Host } from '../../api';
import { clock } from '../../shared/lib/now';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';

/** The longest stretch of the calendar. */
const stretch = 62 * 86_400_000;

/** The windows and blackouts that apply to a host: its own, its groups' and the site's. */
export function ApplyingWindows({ host }: { host: Host }) {
  const [from] = useState(() => clock.now());
  const calendar = useQuery(
    getCalendarOptions({
      query: {
        host_id: host.id,
        from: new Date(from).toISOString(),
        to: new Date(from + stretch).toISOString(),
        limit: 100,
      },
    }),
  );
  if (calendar.error) return <ProblemAlert error={calendar.error} retry={() => void calendar.refetch()} />;
  if (!calendar.data) return null;
  const { items, total } = calendar.data;
  return (
    <>
      <Title order={3} fz="sm">
        {items.length === 0 ? 'No window applies' : 'What applies'}
      </Title>
      <List size="sm" spacing={2}>
        {items.map((item) => (
          <List.Item key={item.window.id}>
            {item.window.label || item.window.recurrence} <Kind item={item} />
          </List.Item>
        ))}
        {total > items.length && <List.Item>and {total - items.length} more</List.Item>}
      </List>
      {!host.inherit_windows && (
        <Text size="xs" c="dimmed">
          Maintenance windows of its groups and the site do not apply to this host; blackouts do.
        </Text>
      )}
    </>
  );
}

function Kind({ item: { window, owner } }: { item: CalendarItem }) {
  const whose =
    window.scope === 'site' ? 'of the site' : window.scope === 'group' ? `of the group ${owner}` : 'its own';
  return (
    <Text span size="xs" c="dimmed">
      {window.kind === 'blackout' ? 'blackout, ' : ''}
      {whose}, {window.recurrence} {window.start_time} {window.time_zone}
      {!window.enabled && ', disabled'}
    </Text>
  );
}
