import { expect, test } from 'vitest';
import { whyStuck } from './why';

const wait = { reason: 'health_check', detail: 'it waits', failing: [], next_try_at: null, unblocks: '', until: null };

test('the checks that fail are named before anything else', () => {
  const failing = [{ check_id: 'c', name: 'nginx', detail: 'inactive', checked_at: null }];
  expect(whyStuck({ status: 'waiting_health_check', detail: '', wait: { ...wait, failing } })).toBe('nginx: inactive');
  expect(whyStuck({ status: 'waiting_health_check', detail: '', wait })).toBe('it waits');
});

test('a check that names itself is not named twice', () => {
  const failing = [{ check_id: 'c', name: 'nginx.service', detail: 'nginx.service is not healthy', checked_at: null }];
  expect(whyStuck({ status: 'waiting_health_check', detail: '', wait: { ...wait, failing } })).toBe(
    'nginx.service is not healthy',
  );
});

test('an outcome that nobody knows says what to do', () => {
  expect(whyStuck({ status: 'indeterminate', detail: '', wait: null })).toMatch(/settle/);
});
