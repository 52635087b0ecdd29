import { afterEach, expect, test, vi } from 'vitest';
import { lazyPage } from './lazyPage';

afterEach(() => vi.unstubAllGlobals());

const code = () => vi.fn(async () => ({ Page: () => null }));

test('code is not asked for while the server is away, since a browser would never ask for it again', async () => {
  const answer = vi.fn<() => Promise<{ ok: boolean }>>().mockRejectedValueOnce(new TypeError('Failed to fetch'));
  answer.mockResolvedValueOnce({ ok: false }).mockResolvedValue({ ok: true });
  vi.stubGlobal('fetch', answer);

  const first = code();
  await lazyPage(first, 'Page').preload?.();
  expect(first).toHaveBeenCalledTimes(1);
  expect(answer).not.toHaveBeenCalled();

  const load = code();
  for (const away of ['does not answer', 'says that it is not well']) {
    await lazyPage(load, 'Page').preload?.();
    expect(load, away).not.toHaveBeenCalled();
  }
  await lazyPage(load, 'Page').preload?.();
  expect(load).toHaveBeenCalledTimes(1);
});
