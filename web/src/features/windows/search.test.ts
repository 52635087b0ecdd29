import { expect, test } from 'vitest';
import { windowsSearch } from './search';

test('the calendar begins on a day that there is and that the API answers for', () => {
  for (const from of ['2026-11-26', '2028-02-29', '2000-01-02', '2200-12-01'])
    expect(windowsSearch({ from })).toEqual({ from });
  for (const from of ['2026-99-99', '2026-02-29', '9999-12-31', '0000-00-00', '1999-12-31', '2026-11', '', 2026, {}])
    expect(windowsSearch({ from })).toEqual({});
});
