import { expect, test } from 'vitest';
import { bySection, variableOf } from './sections';

const setting = (key: string) => ({ key, value: '1', default: '1', source: 'default', description: '' });

test('settings stand together by the first part of their keys', () => {
  const sections = bySection([setting('api.listen'), setting('gate.retry_interval'), setting('api.url')]);
  expect(sections.map(([name, items]) => [name, items.length])).toEqual([
    ['api', 2],
    ['gate', 1],
  ]);
});

test('the variable of a setting is what the server reads', () => {
  expect(variableOf('gate.retry_interval')).toBe('PATCH_MANAGER_GATE__RETRY_INTERVAL');
});
