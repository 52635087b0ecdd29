import { expect, test } from 'vitest';
import { createHost, getMe } from '../../api';
import { createClient } from '../../api/generated/client';
import { Unreachable } from './problem';
import { bound } from './transport';

/** A server that answers after a while, or never. */
const after =
  (milliseconds?: number): typeof fetch =>
  (_, init) =>
    new Promise((answer, fail) => {
      const end = () => fail(init?.signal?.reason);
      if (init?.signal?.aborted) end();
      init?.signal?.addEventListener('abort', end);
      if (milliseconds !== undefined) setTimeout(() => answer(Response.json({ name: 'ann' })), milliseconds);
    });

function clientOf(send: typeof fetch, limit: number) {
  const client = createClient({ baseUrl: 'http://server.test' });
  bound(client, send, limit);
  return client;
}

test('a read that is never answered is given up', async () => {
  const client = clientOf(after(), 20);
  await expect(getMe({ client, throwOnError: true })).rejects.toBeInstanceOf(Unreachable);
});

test('a read that its caller gives up is no problem of the server', async () => {
  const client = clientOf(after(), 10_000);
  const caller = new AbortController();
  const asked = getMe({ client, signal: caller.signal, throwOnError: true });
  caller.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
});

test('a change is waited for', async () => {
  const client = clientOf(after(60), 20);
  const body = { fqdn: 'web-01.test', address: '127.0.0.1' };
  expect((await createHost({ client, body, throwOnError: true })).data).toEqual({ name: 'ann' });
});

test('what keeps an answer from coming is told from what the server says', async () => {
  const away = clientOf(() => Promise.reject(new TypeError('Failed to fetch')), 1_000);
  await expect(getMe({ client: away, throwOnError: true })).rejects.toBeInstanceOf(Unreachable);
  const refusing = clientOf(() => Promise.resolve(Response.json({ code: 'forbidden' }, { status: 403 })), 1_000);
  await expect(getMe({ client: refusing, throwOnError: true })).rejects.toEqual({ code: 'forbidden' });
});
