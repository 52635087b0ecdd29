import { expect, test } from 'vitest';
import { keysOfBodies } from './key';

test('what is sent again has the key of before, and what was changed another', () => {
  const keyOf = keysOfBodies();
  const first = keyOf({ notes: 'a' });
  expect(keyOf({ notes: 'b' })).not.toBe(first);
  expect(keyOf({ notes: 'a' })).toBe(first);
});
