import { Code, Group, Paper, Stack, Text } from '@mantine/core';
import { IconPlayerPause, IconShieldOff } from '@tabler/icons-react';
import type { HealthCheck } from '../../../api';
import { HealthBadge, healthWord } from '../../../shared/ui/HealthBadge';
import { Age } from '../../../shared/ui/Time';
import { CheckActions } from './CheckActions';
import { History } from './History';
import { held } from './held';

interface Props {
  check: HealthCheck;
  /** Why it may not be changed. */
  because: string | undefined;
  /** Whether it is the only one that is enabled. */
  last: boolean;
}

/** A check with its last result, what can be done with it, and its history. */
export function CheckRow({ check, because, last }: Props) {
  const holding = held(check);
  return (
    <Paper withBorder p="sm" component="li" aria-label={check.name}>
      <Stack gap={6}>
        <Group gap="sm" justify="space-between">
          <Group gap="sm">
            <HealthBadge
              state={check.last_result?.shown ?? 'unknown'}
              stale={check.last_result?.stale || !check.enabled}
            >
              {holding?.count}
            </HealthBadge>
            <Text fw={600} size="sm">
              {check.name}
            </Text>
            {!check.enabled && <Mark icon={IconPlayerPause} words="Disabled: not polled, not asked before a patch" />}
          </Group>
        </Group>
        <What check={check} />
        <LastResult check={check} />
        {holding && <Text size="xs">{holding.why}</Text>}
        <CheckActions check={check} because={because} last={last} />
        <History check={check} />
      </Stack>
    </Paper>
  );
}

function What({ check }: { check: HealthCheck }) {
  if (check.check_type === 'service') {
    return (
      <Text size="sm">
        Service <Code>{check.service_name}</Code>
      </Text>
    );
  }
  return (
    <Group gap="4px 12px">
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        <Code>{check.url}</Code> answers 2xx with “{check.expected_body}”
        {check.basic_auth_user && `, signed in as ${check.basic_auth_user}`}
        {check.basic_auth_user && !check.has_basic_auth_password && ' without a password'}
      </Text>
      {check.ignore_cert_errors && check.url?.startsWith('https:') && (
        <Mark icon={IconShieldOff} words="Certificate not verified" />
      )}
    </Group>
  );
}

function LastResult({ check: { last_result: last } }: Pick<Props, 'check'>) {
  if (!last)
    return (
      <Text size="sm" c="dimmed">
        No result yet. Test it now, or wait for the next poll.
      </Text>
    );
  return (
    <div>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {last.detail}
      </Text>
      <Text size="xs" c="dimmed">
        Checked <Age at={last.checked_at} /> in {last.latency_ms} ms. {healthWord(last.outcome)} since{' '}
        <Age at={last.since} />,{' '}
        {last.consecutive === 1 ? 'one result' : `${last.consecutive.toLocaleString('en-GB')} results in a row`}.
      </Text>
    </div>
  );
}

function Mark({ icon: Icon, words }: { icon: typeof IconShieldOff; words: string }) {
  return (
    <Group gap={4} wrap="nowrap" c="var(--caution)">
      <Icon size={14} aria-hidden />
      <Text size="xs" fw={500}>
        {words}
      </Text>
    </Group>
  );
}
