import { expect, test } from 'vitest';
import { initialOptions, jobInput } from './input';
import { deploySearch, targetsOf } from './search';
import { instantOf } from './wall';

test('what is not set is not sent, so that the defaults are the server’s', () => {
  expect(jobInput({ host_ids: ['h'] }, initialOptions, 'UTC')).toEqual({ host_ids: ['h'] });
});

test('named packages are sent also where none is named, which the server refuses', () => {
  expect(jobInput({}, { ...initialOptions, which: 'named' }, 'UTC')).toEqual({ packages: [] });
});

test('a job waits for windows or, where it is immediate, for health only', () => {
  const typed = { ...initialOptions, gate_timeout: '5m', max_wait: '24h' };
  expect(jobInput({}, typed, 'UTC')).toEqual({ max_wait: '24h' });
  expect(jobInput({}, { ...typed, when: 'now' }, 'UTC')).toEqual({ immediate: true, gate_timeout: '5m' });
});

test('the hosts of a link are those of its lists', () => {
  expect(targetsOf(deploySearch({ host_ids: 'a,b,', group_ids: '' }))).toEqual({ host_ids: ['a', 'b'] });
  expect(targetsOf(deploySearch({ choose: true, q: 'db' }))).toEqual({});
  const link = { matching: { q: 'db', health: 'unhealthy', colour: 'blue' } };
  expect(targetsOf(deploySearch(link))).toEqual({ matching: { q: 'db', health: 'unhealthy' } });
});

test('a wall time is the moment at which clocks in the zone show it', () => {
  expect(instantOf('2026-11-26T22:00', 'UTC')).toBe('2026-11-26T22:00:00.000Z');
  expect(instantOf('2026-11-26T22:00', 'America/New_York')).toBe('2026-11-27T03:00:00.000Z');
  expect(instantOf('2026-07-01T00:30', 'Europe/Berlin')).toBe('2026-06-30T22:30:00.000Z');
});

test('a wall time that clocks skip is as much later, and one that they show twice the first', () => {
  expect(instantOf('2026-03-29T02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
  expect(instantOf('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
  expect(instantOf('2026-10-25T03:30', 'Europe/Berlin')).toBe('2026-10-25T02:30:00.000Z');
});
