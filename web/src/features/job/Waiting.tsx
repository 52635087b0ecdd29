import { List, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJobHostQueryKey, getJobOptions, type JobHostDetail, recheckJobHostMutation, type Wait } from '../../api';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { isUnserved, NoWorker } from '../../shared/ui/NoWorker';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Age, Countdown, Instant } from '../../shared/ui/Time';
import { useMayOperate } from './may';
import { failingWords, waitWord } from './words';

/** Why a host waits, until when, and what would end it. */
export function Waiting({ host, wait }: { host: JobHostDetail; wait: Wait & object }) {
  return (
    <Paper withBorder p="md" component="section" aria-label="Why is this host waiting?">
      <Stack gap="xs">
        <Title order={3}>Why is this host waiting?</Title>
        {host.zone && <NoWorker zone={host.zone.name} workers={host.zone} />}
        {!isUnasked(host, wait) && (
          <Text size="sm" fw={600}>
            {waitWord(wait.reason)}
          </Text>
        )}
        {wait.failing.length === 0 && <Text size="sm">{wait.detail}</Text>}
        <Failing failing={wait.failing} />
        {wait.unblocks && <Text size="sm">What would end the wait: {wait.unblocks}.</Text>}
        <When host={host} wait={wait} />
        <CheckNow host={host} />
      </Stack>
    </Paper>
  );
}

/** Whether nobody has looked at the checks for this wait, so that none can be said to be unhealthy. */
const isUnasked = ({ zone }: JobHostDetail, { reason, failing }: Wait & object) =>
  zone !== null && isUnserved(zone) && reason === 'health_check' && failing.length === 0;

function Failing({ failing }: { failing: (Wait & object)['failing'] }) {
  if (failing.length === 0) return null;
  return (
    <List size="sm" spacing={4}>
      {failing.map((check) => (
        <List.Item key={check.check_id}>
          {failingWords(check)}{' '}
          <Text span size="xs" c="dimmed">
            (<Age at={check.checked_at} never="never checked" />)
          </Text>
        </List.Item>
      ))}
    </List>
  );
}

function When({ host, wait }: { host: JobHostDetail; wait: Wait & object }) {
  const job = useQuery(getJobOptions({ path: { id: host.job_id } }));
  const begins = host.status === 'waiting_window' ? host.span?.starts_at : undefined;
  return (
    <List size="sm" spacing={2} listStyleType="none">
      {begins && <Moment word="Window opens" at={begins} />}
      {wait.next_try_at && <Moment word="Next try" at={wait.next_try_at} />}
      {wait.until && <Moment word="Gives up" at={wait.until} />}
      {host.span?.ends_at && (
        <Moment word={job.data?.immediate ? 'Next blackout' : 'Window closes'} at={host.span.ends_at} />
      )}
    </List>
  );
}

function Moment({ word, at }: { word: string; at: string }) {
  return (
    <List.Item>
      {word}{' '}
      <Text span inherit fw={600}>
        <Countdown to={at} />
      </Text>{' '}
      <Text span size="xs" c="dimmed">
        <Instant at={at} />
      </Text>
    </List.Item>
  );
}

/** Makes it look again at once; the answer comes when it has decided. */
function CheckNow({ host }: { host: JobHostDetail }) {
  const client = useQueryClient();
  const because = useMayOperate(host.host_id);
  const path = { id: host.job_id, host_id: host.host_id };
  const recheck = useMutation({
    ...recheckJobHostMutation(),
    onSuccess: (data) => client.setQueryData(getJobHostQueryKey({ path }), data),
  });
  return (
    <Stack gap="xs" align="flex-start">
      <AllowedButton size="xs" because={because} loading={recheck.isPending} onClick={() => recheck.mutate({ path })}>
        Check now
      </AllowedButton>
      <ProblemAlert error={recheck.error} />
      {recheck.isSuccess && (
        <Text size="xs" role="status">
          Checked <Age at={new Date(recheck.submittedAt).toISOString()} />: still waiting.
        </Text>
      )}
    </Stack>
  );
}
