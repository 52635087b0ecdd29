import { expect, test } from 'vitest';
import { activeFilters, filterWords } from './activeFilters';

test('each filter has words and a way out, and one label leaves the others', () => {
  const active = activeFilters({ q: 'web', stale: false, label: ['env=prod', 'role'] });
  expect(active).toEqual([
    { words: 'health not stale', without: { stale: undefined } },
    { words: 'label env=prod', without: { label: ['role'] } },
    { words: 'label role', without: { label: ['env=prod'] } },
  ]);
});

test('a filter is said in words, nothing of it left out', () => {
  expect(filterWords({ q: 'web', health: 'none', agent: 'unreachable' })).toBe('“web”, no checks, agent unreachable');
  expect(filterWords({})).toBe('');
});
