import type { Browser, Page } from '@playwright/test';
import { openSession } from './servers';
import { api, signIn, url } from './site';

/** A name that no other run of the tests used. */
export const unique = (stem: string) => `${stem}-${Date.now().toString(36)}${Math.floor(Math.random() * 1e4)}`;

interface Person {
  id: string;
  name: string;
  password: string;
}

/** Makes a user who can sign in. */
export async function makeUser(stem: string, more: Record<string, unknown> = {}): Promise<Person> {
  const name = unique(stem);
  const password = `${unique('pass')}-horse-battery`;
  const made = await api<{ id: string }>('POST', '/users', { name, password, ...more });
  return { id: made.id, name, password };
}

/** Makes an administrator of the tests of one file, and a token of theirs: each user may test so many checks a minute. */
export async function makeTester(): Promise<string> {
  const { name, password } = await makeUser('tester', { admin: true });
  const session = await openSession(url(), name, password);
  const made = await fetch(`${url()}/api/v1/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Cookie: session },
    body: JSON.stringify({ name: 'e2e' }),
  });
  return ((await made.json()) as { secret: string }).secret;
}

/** A page where somebody who only views the group is signed in. */
export async function viewerOf(browser: Browser, groupId: string): Promise<{ page: Page; viewer: Person }> {
  const viewer = await makeUser('viewer');
  await api('PUT', `/groups/${groupId}/users/${viewer.id}`, { role: 'viewer' });
  const page = await (await browser.newContext({ baseURL: url() })).newPage();
  await signIn(page, viewer.name, viewer.password);
  return { page, viewer };
}
