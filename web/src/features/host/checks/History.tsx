import { Group, List, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type CheckHistory, getHealthCheckHistoryOptions, type HealthCheck } from '../../../api';
import { ProblemAlert } from '../../../shared/ui/ProblemAlert';
import { Instant, Span } from '../../../shared/ui/Time';
import { summaryOf, ticksOf } from './history';
import { LatencyLine } from './LatencyLine';
import { Ticks } from './Ticks';

/** The results of 4 days: a strip of ticks, a latency line, and the same in words. */
export function History({ check }: { check: HealthCheck }) {
  const path = { id: check.host_id, check_id: check.id };
  const history = useQuery({ ...getHealthCheckHistoryOptions({ path }), refetchInterval: 60_000 });
  if (history.error && !history.data)
    return <ProblemAlert error={history.error} retry={() => void history.refetch()} />;
  if (!history.data) return <Skeleton h={90} />;
  const ticks = ticksOf(history.data);
  const highest = ticks.reduce((max, t) => Math.max(max, t.latency?.median ?? 0), 0);
  return (
    <Stack gap={4}>
      <Ticks ticks={ticks} label={`${check.name}, the last 4 days: ${summaryOf(history.data)}`} />
      <LatencyLine ticks={ticks} highest={highest} />
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed">
          4 days ago
        </Text>
        <Text size="xs" c="dimmed">
          median latency of each hour, up to {highest} ms
        </Text>
        <Text size="xs" c="dimmed">
          now
        </Text>
      </Group>
      <Text size="xs">{summaryOf(history.data)}</Text>
      <Spells history={history.data} />
    </Stack>
  );
}

function Spells({ history: { spells, spell_count } }: { history: CheckHistory }) {
  if (spells.length === 0) return null;
  return (
    <details>
      <Text component="summary" size="xs" style={{ cursor: 'pointer' }}>
        When it was not healthy
      </Text>
      <List size="xs" mt={4}>
        {spells.map((spell) => (
          <List.Item key={spell.starts_at}>
            {spell.ends_at ? <Span from={spell.starts_at} to={spell.ends_at} /> : <Since at={spell.starts_at} />}:{' '}
            {spell.detail}
          </List.Item>
        ))}
        {spell_count > spells.length && <List.Item>and {spell_count - spells.length} earlier</List.Item>}
      </List>
    </details>
  );
}

function Since({ at }: { at: string }) {
  return (
    <>
      since <Instant at={at} />
    </>
  );
}
