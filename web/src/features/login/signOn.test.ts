import { expect, test } from 'vitest';
import { signOnWords } from './signOn';

test('a code of a refused sign-on is told in words, and one that is not known by itself', () => {
  expect(signOnWords('sign_on_no_role')).toMatch(/^None of your groups/);
  expect(signOnWords('struck_by_lightning')).toBe('Single sign-on did not work (struck_by_lightning).');
});
