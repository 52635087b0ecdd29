import { expect, test } from 'vitest';
import type { HealthCheck, LastResult } from '../../../api';
import { held } from './held';

const last = { healthy: false, outcome: 'unhealthy', shown: 'healthy', consecutive: 1 } as LastResult;
const check = (result: Partial<LastResult> | null, more: Partial<HealthCheck> = {}) =>
  ({
    enabled: true,
    failure_threshold: 3,
    success_threshold: 2,
    last_result: result && { ...last, ...result },
    ...more,
  }) as HealthCheck;

test('a check that shows its last result, or has none, has nothing to explain', () => {
  expect(held(check(null))).toBeUndefined();
  expect(held(check({ shown: 'unhealthy' }))).toBeUndefined();
});

test('one that does not says how far it is, and that the gate goes by the last result', () => {
  expect(held(check({}))).toEqual({
    count: '1 of 3 failures',
    why: 'Shown as healthy until 3 failures in a row. The gate goes by the last result and waits already.',
  });
  const recovering = { healthy: true, outcome: 'healthy', shown: 'error' };
  expect(held(check(recovering))).toEqual({
    count: '1 of 2 successes',
    why: 'Shown as error until 2 successes in a row. The gate goes by the last result and does not wait for it any more.',
  });
});

test('a threshold that was lowered past the count is never told as reached in part', () => {
  expect(held(check({ consecutive: 4 }))?.count).toBe('4 failures');
  expect(held(check({}, { failure_threshold: 1 }))).toMatchObject({
    count: '1 failure',
    why: expect.stringContaining('until 1 failure in a row'),
  });
});

test('nothing waits for a check that is disabled', () => {
  expect(held(check({}, { enabled: false }))?.why).toContain('does not ask a check that is disabled');
});
