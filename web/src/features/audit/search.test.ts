import { expect, test } from 'vitest';
import { auditPath, auditSearch } from './search';

test('filters of the API are kept and everything else is dropped', () => {
  expect(auditSearch({ actor: 'dev', action: '', cursor: 'x', subject_id: 7 })).toEqual({
    actor: 'dev',
    subject_id: '7',
  });
});

test('the table has the filters of the page', () => {
  expect(auditPath({})).toBe('/api/v1/audit');
  expect(auditPath({ actor: 'a b', from: '2026-11-26T10:00:00Z' }, 'csv')).toBe(
    '/api/v1/audit?actor=a+b&from=2026-11-26T10%3A00%3A00Z&format=csv',
  );
});
