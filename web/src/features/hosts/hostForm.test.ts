import { expect, test } from 'vitest';
import type { Host } from '../../api';
import { hostBody, hostValues, newHost } from './hostForm';

test('what is left empty is left out, so that it gets its default', () => {
  expect(hostBody({ ...newHost, fqdn: ' web-01.example.com ', labels: ['env=prod', 'a=b=c', 'role'] })).toEqual({
    fqdn: 'web-01.example.com',
    labels: { env: 'prod', a: 'b=c', role: '' },
    group_ids: [],
    inherit_windows: true,
  });
});

test('groups are sent only where they change, since that takes more rights', () => {
  const host = {
    fqdn: 'web-01',
    address: '10.0.0.1',
    agent_port: 12443,
    display_name: '',
    zone: 'dmz',
    labels: { env: 'prod', role: '' },
    group_ids: ['g2', 'g1'],
    inherit_windows: false,
  } as unknown as Host;
  const values = hostValues(host);
  expect(values.labels).toEqual(['env=prod', 'role']);
  expect(hostBody({ ...values, group_ids: ['g1', 'g2'] }, host)).not.toHaveProperty('group_ids');
  expect(hostBody({ ...values, group_ids: ['g1'] }, host)).toMatchObject({ group_ids: ['g1'], labels: host.labels });
});
