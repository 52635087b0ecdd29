import { expect, test } from 'vitest';
import { hostsPath, hostsSearch } from './search';

test('every filter is kept in the URL, and what is none is left out', () => {
  const search = {
    q: 'web',
    group_id: 'g1',
    zone: 'dmz',
    health: 'unhealthy',
    label: ['env=prod', 'role'],
    agent: 'unreachable',
    reboot_required: true,
    has_pending_patches: false,
    stale: true,
    certificate_expiring: true,
    sort: '-health',
  };
  expect(hostsSearch(search)).toEqual(search);
  expect(hostsSearch({ q: '', health: 'splendid', label: [], agent: 7, stale: 'yes', sort: 'colour', x: 1 })).toEqual(
    {},
  );
});

test('a link that was written by hand is understood', () => {
  expect(hostsSearch({ q: 10, label: 'env=prod' })).toEqual({ q: '10', label: ['env=prod'] });
});

test('a list is sent as the API takes it', () => {
  expect(hostsPath({})).toBe('/api/v1/hosts');
  expect(hostsPath({ format: 'csv', label: ['a=b', 'c'], stale: false })).toBe(
    '/api/v1/hosts?format=csv&label=a%3Db&label=c&stale=false',
  );
});
