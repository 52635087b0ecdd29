import { Button, Group, Loader, Text, Title, UnstyledButton } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type CalendarItem, getCalendarOptions } from '../../api';
import { useZone } from '../../shared/lib/zone';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import classes from './Calendar.module.css';
import { type Act, Kind } from './columns';
import { addDays, beginOf, hoursOn, mondayOf, onDay, todayIn } from './days';
import { mayNotChange } from './owner';
import type { WindowsSearch } from './search';

const shown = 28;
const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Four weeks of windows and blackouts, day by day in the zone of the page. */
export function Calendar({ search, act }: { search: WindowsSearch; act: Act }) {
  const { zone } = useZone();
  const first = search.from ?? mondayOf(todayIn(zone));
  const { group_id, host_id } = search;
  const calendar = useQuery({
    ...getCalendarOptions({
      query: {
        from: beginOf(first, zone),
        to: beginOf(addDays(first, shown), zone),
        limit: 200,
        ...(group_id ? { group_id } : {}),
        ...(host_id ? { host_id } : {}),
      },
    }),
    placeholderData: keepPreviousData,
  });
  const spans = (calendar.data?.items ?? []).flatMap((item) => item.occurrences.map((o) => ({ ...o, item })));
  const more = (calendar.data?.total ?? 0) - (calendar.data?.items.length ?? 0);
  const days = Array.from({ length: shown }, (_, i) => addDays(first, i));
  return (
    <section aria-label="Calendar">
      <Turn first={first} />
      {calendar.error && <ProblemAlert error={calendar.error} retry={() => void calendar.refetch()} />}
      {calendar.isLoading && <Loader size="sm" aria-label="Loading" />}
      {more > 0 && (
        <Text size="sm">{more} further windows are not shown: choose a group or a host, or see the list.</Text>
      )}
      <ol className={classes.days} aria-label={`Days from ${first}, in ${zone}`}>
        {days.map((date, i) => (
          <Day key={date} date={date} name={dayNames[i % 7] ?? ''} spans={onDay(spans, date, zone)} act={act} />
        ))}
      </ol>
    </section>
  );
}

interface Spans {
  starts_at: string;
  ends_at: string;
  note: string;
  item: CalendarItem;
}

function Day({ date, name, spans, act }: { date: string; name: string; spans: Spans[]; act: Act }) {
  const { zone } = useZone();
  const today = date === todayIn(zone);
  const look = [classes.day, today && classes.today, spans.length === 0 && classes.empty].filter(Boolean).join(' ');
  return (
    <li className={look} aria-current={today ? 'date' : undefined}>
      <Text span size="xs" fw={600}>
        {name} {date.slice(5)}
        {today && ' today'}
      </Text>
      <ul className={classes.spans}>
        {spans.map((s) => (
          <li key={`${s.item.window.id} ${s.starts_at}`}>
            <UnstyledButton
              className={`${classes.span} ${s.item.window.kind === 'blackout' ? classes.blackout : ''}`}
              onClick={() => act(s.item, 'edit')}
              aria-disabled={!s.item.may_edit}
              aria-description={mayNotChange(s.item)}
              title={mayNotChange(s.item)}
            >
              <Kind kind={s.item.window.kind} /> {hoursOn(s, date, zone)} {s.item.window.label},{' '}
              {s.item.owner ?? 'the whole site'}
              {s.note && ` (${s.note})`}
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </li>
  );
}

function Turn({ first }: { first: string }) {
  const navigate = useNavigate({ from: '/windows' });
  const go = (from: string | undefined) =>
    void navigate({ search: ({ from: _, ...old }) => ({ ...old, ...(from ? { from } : {}) }), replace: true });
  return (
    <Group justify="space-between" mb="xs">
      <Title order={2}>
        {first} – {addDays(first, shown - 1)}
      </Title>
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          onClick={() => go(addDays(first, -shown))}
          leftSection={<IconChevronLeft size={14} aria-hidden />}
        >
          Earlier
        </Button>
        <Button size="xs" variant="default" onClick={() => go(undefined)}>
          Today
        </Button>
        <Button
          size="xs"
          variant="default"
          onClick={() => go(addDays(first, shown))}
          rightSection={<IconChevronRight size={14} aria-hidden />}
        >
          Later
        </Button>
      </Group>
    </Group>
  );
}
