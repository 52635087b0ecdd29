import { expect, test } from 'vitest';
import { initialOptions, jobInput } from './input';
import { deploySearch, targetsOf } from './search';
import { verbOf } from './verb';

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
  const link = { matching: { q: 'db', health: 'unhealthy' } };
  expect(targetsOf(deploySearch(link))).toEqual({ matching: { q: 'db', health: 'unhealthy' } });
});

test('a year of six digits, as browsers let one type, is named as it is and left for the server to refuse', () => {
  const body = jobInput({}, { ...initialOptions, not_before: '202611-11-26T22:00' }, 'Europe/Berlin');
  expect(body).toEqual({ not_before: '202611-11-26T22:00' });
  expect(verbOf(2, body, 'Europe/Berlin')).toBe('Patch 2 hosts in their windows, from 202611-11-26T22:00');
});

test('a link of which one part is not understood is of no hosts, never of more than it said', () => {
  for (const matching of [
    { health: 'x' },
    { q: 'db', colour: 'blue' },
    { q: 'db', stale: 'yes' },
    { label: ['a', {}] },
    [],
    'all',
  ])
    expect(targetsOf(deploySearch({ matching }))).toEqual({});
  expect(targetsOf(deploySearch({ matching: { q: 10, label: 'tier=db' } }))).toEqual({
    matching: { q: '10', label: ['tier=db'] },
  });
  expect(targetsOf(deploySearch({ matching: {} }))).toEqual({ matching: {} });
});
