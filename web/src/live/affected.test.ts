import { expect, test } from 'vitest';
import { affected } from './affected';

const event = (kind: string, subject_id: string, more = {}) => ({
  kind,
  subject_id,
  at: '2026-11-26T14:00:00Z',
  ...more,
});

test('a host that changed affects its own answers and the lists, and nothing of another host', () => {
  const changed = event('host.changed', 'h1');
  expect(affected({ _id: 'getHost', path: { id: 'h1' } }, changed)).toBe(true);
  expect(affected({ _id: 'getHost', path: { id: 'h2' } }, changed)).toBe(false);
  expect(affected({ _id: 'listHosts' }, changed)).toBe(true);
  expect(affected({ _id: 'listJobs' }, changed)).toBe(false);
});

test('a host in other groups may be patched at other times', () => {
  const moved = event('host.changed', 'h1');
  expect(affected({ _id: 'listHostOccurrences', path: { id: 'h1' }, query: { limit: 5 } }, moved)).toBe(true);
  expect(affected({ _id: 'getCalendar', query: { host_id: 'h1' } }, moved)).toBe(true);
  expect(affected({ _id: 'getCalendar', query: { host_id: 'h2' } }, moved)).toBe(false);
  expect(affected({ _id: 'getCalendar' }, moved)).toBe(false);
});

test('a check that changed affects the host that it is of', () => {
  const flipped = event('check.changed', 'c1', { host_id: 'h1', check_id: 'c1' });
  expect(affected({ _id: 'listHealthChecks', path: { id: 'h1' } }, flipped)).toBe(true);
  expect(affected({ _id: 'listHealthChecks', path: { id: 'c1' } }, flipped)).toBe(false);
});

test('a host of a job affects the job and that host of it alone', () => {
  const moved = event('job_host.changed', 'j1/h1');
  expect(affected({ _id: 'getJob', path: { id: 'j1' } }, moved)).toBe(true);
  expect(affected({ _id: 'getJobHost', path: { id: 'j1', host_id: 'h1' } }, moved)).toBe(true);
  expect(affected({ _id: 'getJobHost', path: { id: 'j1', host_id: 'h2' } }, moved)).toBe(false);
  expect(affected({ _id: 'getJobHost', path: { id: 'j2', host_id: 'h1' } }, moved)).toBe(false);
});

test('a kind that is not known yet affects nothing', () => {
  expect(affected({ _id: 'listHosts' }, event('comet.sighted', 'x'))).toBe(false);
});

test('what a job would mean is looked up again when health, windows or membership change', () => {
  for (const kind of ['host.changed', 'check.changed', 'window.changed', 'group.changed'])
    expect(affected({ _id: 'previewJob' }, event(kind, 'x'))).toBe(true);
  expect(affected({ _id: 'previewJob' }, event('job_host.changed', 'j1/h1'))).toBe(false);
});

test('an enrolment that came or was decided affects the list of them', () => {
  expect(affected({ _id: 'listEnrolments' }, event('enrolment.changed', 'e1'))).toBe(true);
  expect(affected({ _id: 'listHosts' }, event('enrolment.changed', 'e1'))).toBe(false);
});
