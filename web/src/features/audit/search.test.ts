import { expect, test } from 'vitest';
import { auditSearch } from './search';

test('filters of the API are kept and everything else is dropped', () => {
  expect(auditSearch({ actor: 'dev', action: '', cursor: 'x', subject_id: 7 })).toEqual({
    actor: 'dev',
    subject_id: '7',
  });
});
