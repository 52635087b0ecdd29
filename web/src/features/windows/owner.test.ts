import { expect, test } from 'vitest';
import type { CalendarItem } from '../../api';
import { mayNotChange } from './owner';

const item = (scope: string, owner: string | null, may_edit: boolean) =>
  ({ window: { scope }, owner, may_edit, occurrences: [] }) as unknown as CalendarItem;

test('who may not change a window is told by whose it is', () => {
  expect(mayNotChange(item('site', null, false))).toContain('only administrators');
  expect(mayNotChange(item('group', 'databases', false))).toBe('This takes the role operator in the group databases.');
  expect(mayNotChange(item('host', 'db-01', false))).toBe('This takes the role operator in a group of db-01.');
  for (const scope of ['site', 'group', 'host']) expect(mayNotChange(item(scope, 'x', true))).toBeUndefined();
});
