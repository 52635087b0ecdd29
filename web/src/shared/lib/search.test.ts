import { expect, test } from 'vitest';
import { apiPath, clean, flag, one, text, texts } from './search';

test('a text is one also where the router took it for a number, and nothing else is', () => {
  expect([text('web'), text(10), text(0)]).toEqual(['web', '10', '0']);
  for (const none of ['', undefined, null, true, {}, ['a']]) expect(text(none)).toBeUndefined();
});

test('texts are a list or one written by hand, without what is none', () => {
  expect(texts(['a', 1, '', null])).toEqual(['a', '1']);
  expect(texts('a')).toEqual(['a']);
  for (const none of [undefined, '', [], [{}]]) expect(texts(none)).toBeUndefined();
});

test('a flag and a choice are only what they may be', () => {
  expect([flag(true), flag(false), flag('true'), flag(1)]).toEqual([true, false, undefined, undefined]);
  expect(one(['a', 'b'], 'b')).toBe('b');
  expect(one(['a', 'b'], 'c')).toBeUndefined();
});

test('what is not set is left out of the search and of the path', () => {
  expect(clean({ a: 1, b: undefined, c: null, d: false })).toEqual({ a: 1, d: false });
  expect(apiPath('/hosts', {})).toBe('/api/v1/hosts');
  expect(apiPath('/hosts', { q: 'a b', label: ['x', 'y=1'], stale: undefined })).toBe(
    '/api/v1/hosts?q=a+b&label=x&label=y%3D1',
  );
});
