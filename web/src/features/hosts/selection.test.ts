import { expect, test } from 'vitest';
import type { Host } from '../../api';
import { toggled } from './selection';

const host = (id: string) => ({ id, fqdn: `${id}.example` }) as Host;
const [a, b, c] = [host('a'), host('b'), host('c')] as const;
const ids = (chosen: ReturnType<typeof toggled>) => (chosen.all ? 'all' : [...chosen.hosts.keys()]);

test('a tick chooses a host, and another takes it away', () => {
  const one = toggled({ all: false, hosts: new Map() }, a, [a, b]);
  expect(ids(one)).toEqual(['a']);
  expect(ids(toggled(one, b, [a, b]))).toEqual(['a', 'b']);
  expect(ids(toggled(one, a, [a, b]))).toEqual([]);
});

test('a host unticked out of all that match leaves those that were read, and never all', () => {
  expect(ids(toggled({ all: true, filter: '{}' }, b, [a, b, c]))).toEqual(['a', 'c']);
});
