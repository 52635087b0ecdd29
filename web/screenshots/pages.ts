import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { test } from '../e2e/site';
import { type Scene, setScene } from './scene';

/** Where the pictures go, and how wide the window is, in CSS pixels. */
const folder = resolve(process.env.SCREENSHOTS ?? '../docs/screenshots');
const width = Number(process.env.SCREENSHOT_WIDTH ?? 1280);

interface Picture {
  name: string;
  path: (scene: Scene) => string;
  /** What is done on the page before. */
  after?: (page: Page) => Promise<unknown>;
}

const pictures: Picture[] = [
  { name: 'dashboard', path: () => '/' },
  { name: 'hosts', path: () => '/hosts' },
  { name: 'host', path: (s) => `/hosts/${s.host}` },
  { name: 'groups', path: () => '/groups' },
  { name: 'group', path: (s) => `/groups/${s.group}` },
  { name: 'windows-list', path: () => '/windows' },
  { name: 'windows-calendar', path: () => '/windows?view=calendar' },
  {
    name: 'window-builder',
    path: (s) => `/windows?group_id=${s.group}`,
    after: (page) => page.getByRole('button', { name: 'New window' }).click(),
  },
  { name: 'deploy', path: () => '/deploy' },
  {
    name: 'deploy-preview',
    path: () => '/deploy?q=app-0',
    after: async (page) => {
      for (const n of ['01', '02', '04']) await page.getByRole('checkbox', { name: `Select app-${n}` }).check();
      await page.getByRole('button', { name: 'Continue with 3 hosts' }).click();
    },
  },
  { name: 'jobs', path: () => '/jobs' },
  { name: 'job', path: (s) => `/jobs/${s.job}` },
  { name: 'job-host-waiting', path: (s) => `/jobs/${s.job}/hosts/${s.waitingHost}` },
  { name: 'job-host-log', path: (s) => `/jobs/${s.job}/hosts/${s.succeededHost}` },
  { name: 'users', path: () => '/users' },
  { name: 'account', path: () => '/account' },
  { name: 'audit', path: () => '/audit' },
  { name: 'enrolments', path: () => '/enrolments' },
  { name: 'settings', path: () => '/settings' },
];

let scene: Scene;
test.beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  scene = await setScene();
});

test('login', ({ page }) => take(page, { name: 'login', path: () => '/login' }));
for (const picture of pictures) test(picture.name, ({ admin }) => take(admin, picture));

async function take(page: Page, { name, path, after }: Picture) {
  await page.setViewportSize({ width, height: 900 });
  await page.goto(path(scene));
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.waitForLoadState('load');
  await after?.(page);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(1000); // answers, and colours that fade
    await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` });
  }
}
