import { expect, test } from 'vitest';
import { blackoutsNow } from './blackouts';

const at = Date.parse('2026-12-24T10:00:00Z');
const christmas = {
  id: 'c',
  kind: 'blackout',
  label: 'Christmas freeze',
  enabled: true,
  next: [{ starts_at: '2026-12-23T00:00:00Z', ends_at: '2026-12-28T00:00:00Z', note: '' }],
} as const;

test('a blackout counts from its begin on, and not at its end', () => {
  const next = [...christmas.next];
  const days = (from: string) => blackoutsNow([{ ...christmas, next }], Date.parse(from)).length;
  expect(days('2026-12-22T23:59:59Z')).toBe(0);
  expect(days('2026-12-23T00:00:00Z')).toBe(1);
  expect(days('2026-12-27T23:59:59Z')).toBe(1);
  expect(days('2026-12-28T00:00:00Z')).toBe(0);
});

test('neither a maintenance window nor a blackout that is disabled stops patching', () => {
  const next = [...christmas.next];
  expect(blackoutsNow([{ ...christmas, next, kind: 'maintenance' }], at)).toEqual([]);
  expect(blackoutsNow([{ ...christmas, next, enabled: false }], at)).toEqual([]);
  expect(blackoutsNow([{ ...christmas, next }], at)).toEqual([
    { id: 'c', label: 'Christmas freeze', until: '2026-12-28T00:00:00Z' },
  ]);
});
