import { expect, test } from 'vitest';
import { browserOf } from './browser';

test('a browser is named by what it is, not by what it claims to be compatible with', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
  expect(browserOf(chrome)).toBe('Chrome on Linux');
  expect(browserOf(`${chrome} Edg/142.0`)).toBe('Edge on Linux');
  expect(browserOf('Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe('Firefox on Windows');
});

test('what is not known is shown as it called itself', () => {
  expect(browserOf('curl/8.5.0')).toBe('curl/8.5.0');
  expect(browserOf('')).toBe('Unknown');
});
