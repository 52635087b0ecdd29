import { List, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type EffectiveSpan, type Host, listHostOccurrencesOptions } from '../../api';
import { useNow } from '../../shared/lib/now';
import { PageLink } from '../../shared/ui/PageLink';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { Countdown, Span } from '../../shared/ui/Time';
import { ApplyingWindows } from './ApplyingWindows';

/** When a host may be patched next, and by which windows. */
export function WindowsPart({ host }: { host: Host }) {
  const spans = useQuery({
    ...listHostOccurrencesOptions({ path: { id: host.id }, query: { limit: 5 } }),
    refetchInterval: 60_000,
  });
  const all = (
    <PageLink to="/windows" search={{ host_id: host.id }}>
      See and change them
    </PageLink>
  );
  return (
    <Section title="Maintenance windows" actions={all}>
      {spans.error && <ProblemAlert error={spans.error} retry={() => void spans.refetch()} />}
      {spans.isLoading && <Skeleton h={80} />}
      {spans.data?.items.length === 0 && (
        <Text size="sm">No window is open within 70 days: a job waits, unless it is immediate.</Text>
      )}
      <List size="sm" spacing={4} listStyleType="none">
        {spans.data?.items.map((span) => (
          <Opening key={span.starts_at} span={span} />
        ))}
      </List>
      <ApplyingWindows host={host} />
    </Section>
  );
}

function Opening({ span }: { span: EffectiveSpan }) {
  const now = useNow();
  return (
    <List.Item>
      <Span from={span.starts_at} to={span.ends_at} />
      <Text size="xs" c="dimmed" component="div">
        <State span={span} now={now} />
      </Text>
    </List.Item>
  );
}

function State({ span, now }: { span: EffectiveSpan; now: number }) {
  if (Date.parse(span.starts_at) > now) {
    return (
      <>
        opens <Countdown to={span.starts_at} />
      </>
    );
  }
  if (Date.parse(span.last_start_at) > now) {
    return (
      <Text span inherit c="var(--accent)" fw={600}>
        open now: last start <Countdown to={span.last_start_at} />, closes <Countdown to={span.ends_at} />
      </Text>
    );
  }
  return (
    <>
      nothing is started any more, closes <Countdown to={span.ends_at} />
    </>
  );
}
