import { Group, Paper, Text } from '@mantine/core';
import type { CheckResult } from '../../../api';
import { HealthBadge } from '../../../shared/ui/HealthBadge';
import { ProblemAlert } from '../../../shared/ui/ProblemAlert';
import { Age } from '../../../shared/ui/Time';

interface Props {
  name: string;
  test: { data: CheckResult | undefined; error: unknown; isPending: boolean };
}

/** What a test that somebody asked for found, until the next one. */
export function TestResult({ name, test }: Props) {
  return (
    <div role="status" aria-label={`Test of ${name}`}>
      {test.isPending && <Text size="xs">Testing: an answer comes within 15 s.</Text>}
      {!test.isPending && test.data && <Found result={test.data} />}
      {!test.isPending && <ProblemAlert error={test.error} />}
    </div>
  );
}

function Found({ result }: { result: CheckResult }) {
  return (
    <Paper p="xs" bg="var(--mantine-color-default-hover)">
      <Group gap="4px 12px">
        <Text size="xs" fw={600}>
          Tested <Age at={result.checked_at} />
        </Text>
        <HealthBadge state={result.outcome}>{result.latency_ms} ms</HealthBadge>
      </Group>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {result.detail}
      </Text>
    </Paper>
  );
}
