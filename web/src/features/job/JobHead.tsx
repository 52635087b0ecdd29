import { Anchor, Group, Paper, Stack, Text } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import type { Job } from '../../api';
import { count as counted } from '../../shared/lib/words';
import { Caution } from '../../shared/ui/Caution';
import { PageLink } from '../../shared/ui/PageLink';
import { StatusBadge } from '../../shared/ui/StatusBadge';
import { Age, Instant } from '../../shared/ui/Time';
import classes from './JobHead.module.css';

/** What a job is and how far it is. */
export function JobHead({ job }: { job: Job }) {
  return (
    <Stack gap="sm">
      <Group gap="md">
        <StatusBadge status={job.status} />
        <Text size="sm">{counted(job.counts.hosts, 'host')}</Text>
        <Text size="sm" c="dimmed" component="div">
          made by {job.created_by.name} <Age at={job.created_at} />
          {job.completed_at && (
            <>
              , ended <Age at={job.completed_at} />
            </>
          )}
        </Text>
        {job.temporal.url && (
          <Anchor size="sm" href={job.temporal.url} target="_blank" rel="noreferrer">
            Open in Temporal UI <IconExternalLink size={13} aria-hidden />
          </Anchor>
        )}
      </Group>
      {job.cancel_requested_at && !job.completed_at && (
        <Caution title="Cancel requested">
          <Text size="sm" component="div">
            {job.cancel_requested_by} cancelled this job <Age at={job.cancel_requested_at} />. Nothing more is sent to
            any host; those being patched are followed to their end.
          </Text>
        </Caution>
      )}
      <Settings job={job} />
    </Stack>
  );
}

function Settings({ job }: { job: Job }) {
  return (
    <Paper withBorder px="md" py="sm" component="dl" m={0} className={classes.settings}>
      <Item name="When">{job.immediate ? 'Immediately, outside of windows too' : 'In the window of each host'}</Item>
      {job.not_before && (
        <Item name="Not before">
          <Instant at={job.not_before} />
        </Item>
      )}
      <Item name="Packages">{job.packages?.join(', ') ?? 'All that are available'}</Item>
      <Item name="Reboot">{job.allow_reboot ? 'Where a host requires it' : 'Never'}</Item>
      <Item name="At a time">{limit(job.max_parallel)}</Item>
      <Item name="Stops at">
        {job.max_failures.endsWith('%') ? `${job.max_failures} of the hosts failed` : `${job.max_failures} failed`}
      </Item>
      {job.immediate ? (
        <Item name="Waits for health">at most {job.gate_timeout}</Item>
      ) : (
        <Item name="Waits for a window">at most {job.max_wait}</Item>
      )}
      {job.retry_of && (
        <Item name="Retry of">
          <PageLink to="/jobs/$jobId" params={{ jobId: job.retry_of }}>
            Job {job.retry_of.slice(-8)}
          </PageLink>
        </Item>
      )}
      {job.notes && <Item name="Notes">{job.notes}</Item>}
    </Paper>
  );
}

const limit = (value: string) => (value.endsWith('%') ? `${value} of the hosts` : counted(Number(value), 'host'));

function Item({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
