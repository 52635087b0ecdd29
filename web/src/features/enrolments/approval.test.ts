import { expect, test } from 'vitest';
import { approvalOf, labelsOf } from './approval';

test('labels are read line by line', () => {
  expect(labelsOf('env=prod\n\n role = a=b \nflag')).toEqual({ env: 'prod', role: 'a=b', flag: '' });
});

test('what is left empty is left to the server', () => {
  const form = {
    address: '',
    agent_port: '',
    display_name: '',
    zone: '',
    group_ids: [],
    labels: '',
    inherit_windows: true,
  };
  expect(approvalOf(form)).toEqual({ group_ids: [], labels: {}, inherit_windows: true });
  expect(approvalOf({ ...form, agent_port: 12443 }).agent_port).toBe(12443);
});
