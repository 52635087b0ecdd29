import { Group, List, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import {
  type CheckResult,
  type HealthCheck,
  listHealthCheckResults,
  listHealthCheckResultsQueryKey,
} from '../../../api';
import { ProblemAlert } from '../../../shared/ui/ProblemAlert';
import { Instant, Span } from '../../../shared/ui/Time';
import { readHistory, type Spell, spellsOf, summaryOf, ticksOf } from './history';
import { LatencyLine } from './LatencyLine';
import { Ticks } from './Ticks';

/** The results of 4 days: a strip of ticks, a latency line, and the same in words. */
export function History({ check }: { check: HealthCheck }) {
  const history = useHistory(check);
  if (history.error && !history.data)
    return <ProblemAlert error={history.error} retry={() => void history.refetch()} />;
  if (!history.data) return <Skeleton h={90} />;
  const ticks = ticksOf(history.data, history.dataUpdatedAt);
  const highest = ticks.reduce((max, t) => Math.max(max, t.latency ?? 0), 0);
  return (
    <Stack gap={4}>
      <Ticks ticks={ticks} label={`${check.name}, the last 4 days: ${summaryOf(history.data)}`} />
      <LatencyLine ticks={ticks} highest={highest} />
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed">
          4 days ago
        </Text>
        <Text size="xs" c="dimmed">
          latency by the hour, up to {highest} ms
        </Text>
        <Text size="xs" c="dimmed">
          now
        </Text>
      </Group>
      <Text size="xs">{summaryOf(history.data)}</Text>
      <Spells spells={spellsOf(history.data)} />
    </Stack>
  );
}

/** So many times of trouble are listed. */
const listed = 10;

function Spells({ spells }: { spells: readonly Spell[] }) {
  if (spells.length === 0) return null;
  return (
    <details>
      <Text component="summary" size="xs" style={{ cursor: 'pointer' }}>
        When it was not healthy
      </Text>
      <List size="xs" mt={4}>
        {spells.slice(0, listed).map((spell) => (
          <List.Item key={spell.from}>
            {spell.to ? <Span from={spell.from} to={spell.to} /> : <Since at={spell.from} />}: {spell.detail}
          </List.Item>
        ))}
        {spells.length > listed && <List.Item>and {spells.length - listed} earlier</List.Item>}
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

function useHistory(check: HealthCheck) {
  const client = useQueryClient();
  const path = { id: check.host_id, check_id: check.id };
  const queryKey = listHealthCheckResultsQueryKey({ path });
  return useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      readHistory(
        async (query) => (await listHealthCheckResults({ path, query, signal, throwOnError: true })).data,
        client.getQueryData<CheckResult[]>(queryKey) ?? [],
        Date.now(),
      ),
    refetchInterval: 60_000,
  });
}
