import { expect, test, vi } from 'vitest';
import { createHost, getMe, previewWindow } from '../../api';
import { createClient } from '../../api/generated/client';
import { SignedOut, Unreachable } from './problem';
import { Session } from './session';
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

function clientOf(send: typeof fetch, limit: number, session = new Session()) {
  const client = createClient({ baseUrl: 'http://server.test' });
  bound(client, { send, limit, session });
  return client;
}

const host = { fqdn: 'web-01.test', address: '127.0.0.1' };
const week = {
  recurrence: 'weekly',
  weekdays: ['sat'],
  start_time: '22:00',
  time_zone: 'UTC',
  duration_minutes: 60,
} as never;

test('a read that is never answered is given up', async () => {
  const client = clientOf(after(), 20);
  await expect(getMe({ client, throwOnError: true })).rejects.toBeInstanceOf(Unreachable);
  await expect(previewWindow({ client, body: week, throwOnError: true })).rejects.toBeInstanceOf(Unreachable);
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
  expect((await createHost({ client, body: host, throwOnError: true })).data).toEqual({ name: 'ann' });
});

test('what keeps an answer from coming is told from what the server says', async () => {
  const away = clientOf(() => Promise.reject(new TypeError('Failed to fetch')), 1_000);
  await expect(getMe({ client: away, throwOnError: true })).rejects.toBeInstanceOf(Unreachable);
  const refusing = clientOf(() => Promise.resolve(Response.json({ code: 'forbidden' }, { status: 403 })), 1_000);
  await expect(getMe({ client: refusing, throwOnError: true })).rejects.toEqual({ code: 'forbidden' });
});

/** A server that knows nobody until somebody signs in there, and what it was asked. */
function forgetful() {
  const server = { known: false, asked: [] as string[] };
  const send: typeof fetch = async (request) => {
    server.asked.push(await (request as Request).text());
    return server.known
      ? Response.json({ name: 'ann' })
      : Response.json({ code: 'unauthenticated', status: 401, detail: 'sign in' }, { status: 401 });
  };
  return { server, send };
}

test('where the session ended, reads wait until it is taken up again', async () => {
  const { server, send } = forgetful();
  const session = new Session();
  const leave = session.begin();
  const client = clientOf(send, 1_000, session);
  const asked = Promise.all([
    getMe({ client, throwOnError: true }),
    previewWindow({ client, body: week, throwOnError: true }),
  ]);
  await vi.waitFor(() => expect(server.asked).toHaveLength(2));
  await vi.waitFor(() => expect(session.hasEnded()).toBe(true));
  server.known = true;
  session.resume();
  expect((await asked).map(({ data }) => data)).toEqual([{ name: 'ann' }, { name: 'ann' }]);
  expect(server.asked[3]).toBe(JSON.stringify(week));
  leave();
});

test('where nobody is signed in, and once nobody will be, reads are answered as the server does', async () => {
  const { send } = forgetful();
  const session = new Session();
  const client = clientOf(send, 1_000, session);
  const refused = { code: 'unauthenticated' };
  await expect(getMe({ client, throwOnError: true })).rejects.toMatchObject(refused);
  const leave = session.begin();
  const asked = getMe({ client, throwOnError: true });
  await vi.waitFor(() => expect(session.hasEnded()).toBe(true));
  leave();
  await expect(asked).rejects.toMatchObject(refused);
});

test('where the session ended, a change fails and is not sent again by itself', async () => {
  const { server, send } = forgetful();
  const session = new Session();
  session.begin();
  const client = clientOf(send, 1_000, session);
  await expect(createHost({ client, body: host, throwOnError: true })).rejects.toBeInstanceOf(SignedOut);
  expect(session.hasEnded()).toBe(true);
  // The password of whoever signs in again may be wrong, which is no news of the session.
  await expect(createHost({ client, body: host, throwOnError: true })).rejects.toMatchObject({ detail: 'sign in' });
  session.resume();
  expect(server.asked).toHaveLength(2);
});

test('what was sent before somebody signed in again does not end the session that is', async () => {
  let answer: (response: Response) => void = () => {};
  const send = vi.fn<typeof fetch>(
    () =>
      new Promise((say) => {
        answer = say;
      }),
  );
  const session = new Session();
  session.begin();
  const client = clientOf(send, 1_000, session);
  const asked = createHost({ client, body: host, throwOnError: true });
  await vi.waitFor(() => expect(send).toHaveBeenCalled());
  session.end(session.era);
  session.resume();
  answer(Response.json({ code: 'unauthenticated' }, { status: 401 }));
  await expect(asked).rejects.toBeInstanceOf(SignedOut);
  expect(session.hasEnded()).toBe(false);
});

test('what was sent before somebody signed in in another tab is asked again, though nobody knew of an end here', async () => {
  const { server, send } = forgetful();
  const session = new Session();
  session.begin();
  const late: typeof fetch = async (request) => {
    const answer = await send(request);
    if (!server.known) {
      server.known = true;
      expect(session.resume()).toBe(false);
    }
    return answer;
  };
  const client = clientOf(late, 1_000, session);
  expect((await getMe({ client, throwOnError: true })).data).toEqual({ name: 'ann' });
  expect(server.asked).toHaveLength(2);
  expect(session.hasEnded()).toBe(false);
});
