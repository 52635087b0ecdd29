import AxeBuilder from '@axe-core/playwright';
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';

const env = (name: string) => process.env[name] ?? '';
export const url = () => env('E2E_URL');

interface Site {
  /** A page where the administrator of the stack is signed in. */
  admin: Page;
}

/** Tests of pages, each failing where the browser had anything to complain about: scripts, styles, policy. */
export const test = base.extend<Site>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads which fixtures are needed off the pattern
  baseURL: ({}, use) => use(url()),
  page: async ({ page }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(`${error}`));
    page.on('console', (message) => {
      const refused = /Failed to load resource: the server responded with a status of (4\d\d)/.test(message.text());
      if (message.type() === 'error' && !refused) complaints.push(message.text());
    });
    await use(page);
    expect(complaints).toEqual([]);
  },
  admin: async ({ page, context }, use) => {
    await letIn(context);
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    await use(page);
  },
});
export { expect };

/** Gives a browser the cookies of a session; they are of the machine, whatever the port. */
export function letIn(context: BrowserContext, session = env('E2E_SESSION')) {
  const cookies = session.split('; ').map((c) => c.split(/=(.*)/s));
  return context.addCookies(cookies.map(([name = '', value = '']) => ({ name, value, url: url() })));
}

export async function signIn(page: Page, user: string, password: string) {
  await page.goto('/login');
  await page.getByLabel('User name').fill(user);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
}

/** Calls the API as the administrator of the stack, or with another token; waits as it says where it was too often. */
export async function api<T>(method: string, path: string, body?: unknown, token = env('E2E_TOKEN')): Promise<T> {
  const response = await fetch(`${url()}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const wait = Number(response.headers.get('Retry-After'));
  if (response.status === 429 && wait > 0) {
    await new Promise((next) => setTimeout(next, wait * 1000));
    return api(method, path, body, token);
  }
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Changes something on a simulated host, such as `patches/reset`, or `web` with {healthy: false}. */
export async function control(fqdn: string, change: string, to?: object) {
  const response = await fetch(`${env('E2E_CONTROL')}/hosts/${fqdn}/${change}`, {
    method: 'POST',
    ...(to ? { body: JSON.stringify(to) } : {}),
  });
  if (!response.ok) throw new Error(`${change} on ${fqdn}: ${response.status} ${await response.text()}`);
}

/** Where only a part of the page changed since it was last looked at. */
interface Part {
  changed: string;
  /** Whether the page around it was looked at, too, while such a part was there. */
  only?: boolean;
}

/** The rules that may find in the dark what they do not find in the light. */
const rulesOfColour = ['color-contrast', 'link-in-text-block'];

/**
 * Holds that nothing on the page shuts anybody out, in both schemes. Where only a part of the page changed since it was last
 * looked at, that part alone is looked at in the dark as well.
 */
export async function expectAccessible(page: Page, part?: Part) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.waitForTimeout(300); // colours fade
    const axe = new AxeBuilder({ page }).setLegacyMode(); // no frames, so no second page to put answers together
    if (colorScheme === 'dark') axe.withRules(rulesOfColour);
    const alone = part && (part.only || colorScheme === 'dark');
    const { violations } = await (alone ? axe.include(part.changed) : axe).analyze();
    expect(
      violations.map((v) => `${colorScheme}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`),
    ).toEqual([]);
  }
}
