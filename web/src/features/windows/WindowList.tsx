import { useMemo, useState } from 'react';
import { type CalendarItem, getCalendar, getCalendarQueryKey } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { apiPath } from '../../shared/lib/search';
import { useZone } from '../../shared/lib/zone';
import { CopyCurl, curl } from '../../shared/ui/CopyCurl';
import { EmptyState } from '../../shared/ui/EmptyState';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { type Act, windowColumns } from './columns';
import { addDays, beginOf, todayIn } from './days';
import type { WindowsSearch } from './search';

const id = (item: CalendarItem) => item.window.id;

/** Every window and blackout, and when each is next. */
export function WindowList({ search, act }: { search: WindowsSearch; act: Act }) {
  const { zone } = useZone();
  const [today] = useState(() => todayIn(zone));
  const { group_id, host_id } = search;
  const query = {
    from: beginOf(today, zone),
    to: beginOf(addDays(today, 1), zone),
    limit: 100,
    ...(group_id ? { group_id } : {}),
    ...(host_id ? { host_id } : {}),
  };
  const windows = usePages({
    queryKey: getCalendarQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await getCalendar({ query: { ...query, ...(cursor ? { cursor } : {}) }, signal, throwOnError: true })).data,
    id,
  });
  const columns = useMemo(() => windowColumns(act), [act]);
  if (windows.error) return <ProblemAlert error={windows.error} retry={() => void windows.refetch()} />;
  if (windows.isSuccess && windows.items.length === 0) return <Nothing filtered={!!(group_id || host_id)} />;
  return (
    <>
      <VirtualTable
        label="Maintenance windows"
        columns={columns}
        rows={windows.items}
        rowId={id}
        total={windows.total}
        onView={windows.see}
        loading={windows.isLoading}
      />
      <div>
        <CopyCurl path={apiPath('/calendar', { ...query, limit: 100 })} />
      </div>
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const body = {
    kind: 'maintenance',
    time_zone: 'UTC',
    starts_on: '2027-01-02',
    start_time: '22:00',
    duration_minutes: 240,
    recurrence: 'weekly',
    weekdays: ['sat'],
  };
  return (
    <EmptyState
      title={filtered ? 'No window holds here' : 'No maintenance windows yet'}
      command={curl('POST', '/api/v1/maintenance-windows', body)}
    >
      A host is patched only inside a window of its own, of one of its groups or of the site. Without one, only
      immediate jobs patch it. Make one by New window.
    </EmptyState>
  );
}
