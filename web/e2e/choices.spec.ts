import type { Page } from '@playwright/test';
import type { Group, Host } from '../src/api';
import { makeUser, unique } from './people';
import { api, expect, expectAccessible, test } from './site';

let group: Group;
let host: Host;
test.beforeAll(async () => {
  group = await api<Group>('POST', '/groups', { name: unique('choices') });
  host = await api<Host>('POST', '/hosts', {
    fqdn: `${unique('choices')}.demo.internal`,
    address: '127.0.0.1',
    agent_port: 9,
    group_ids: [group.id],
  });
  const member = await makeUser('choices');
  await api('PUT', `/groups/${group.id}/users/${member.id}`, { role: 'viewer' });
});
test.afterAll(async () => {
  await api('DELETE', `/hosts/${host.id}`);
  await api('DELETE', `/groups/${group.id}`);
});

interface Place {
  path: () => string;
  /** The buttons that lead there from the path. */
  through?: (string | RegExp)[];
  /** What is chosen before, for choices that show then. */
  after?: (page: Page) => Promise<unknown>;
  choices: (string | RegExp)[];
}

const build = (words: string) => (page: Page) => page.getByRole('dialog').getByText(words, { exact: true }).click();

async function monthly(page: Page) {
  await page.getByRole('combobox', { name: 'Occurs' }).click();
  await page.getByRole('option', { name: 'Every month' }).click();
}

const places: Record<string, Place> = {
  'the filters of hosts': { path: () => '/hosts', choices: ['Health', 'Group'] },
  'the further filters of hosts': {
    path: () => '/hosts',
    through: ['More filters'],
    choices: ['Agent'],
  },
  'a new host': { path: () => '/hosts', through: ['Add host'], choices: ['Groups'] },
  'the filters of jobs': { path: () => '/jobs', choices: ['Status', 'Host', 'Group'] },
  'the hosts of a deployment': { path: () => '/deploy', choices: ['Health', 'Whole groups'] },
  'the filters of the audit': { path: () => '/audit', choices: ['What'] },
  'the filter of enrolments': { path: () => '/enrolments', choices: ['Status'] },
  'a new token': { path: () => '/account', through: ['New token'], choices: ['It may', 'Expires after'] },
  'the members of a group': { path: () => `/groups/${group.id}`, choices: [/^Role of choices/] },
  'the hosts to add to a group': { path: () => `/groups/${group.id}`, through: ['Add hosts'], choices: ['Hosts'] },
  'a new member of a group': {
    path: () => `/groups/${group.id}`,
    through: ['Add a user'],
    choices: ['User', 'Role'],
  },
  'a check': {
    path: () => `/hosts/${host.id}`,
    through: ['Add check'],
    after: build('HTTP'),
    choices: ['Certificate'],
  },
  'the filters of windows': { path: () => '/windows', choices: ['Group', 'Host'] },
  'an emergency stop': { path: () => '/windows', through: ['Emergency stop'], choices: ['For'] },
  'a window of a group': {
    path: () => '/windows',
    through: ['New window'],
    after: build('A group'),
    choices: ['Group', 'Kind', 'Time zone', 'Occurs'],
  },
  'a window of a host': { path: () => '/windows', through: ['New window'], after: build('A host'), choices: ['Host'] },
  'a window of a weekday of every month': {
    path: () => '/windows',
    through: ['New window'],
    after: monthly,
    choices: ['Which', 'Weekday'],
  },
  'a window of a day of every month': {
    path: () => '/windows',
    through: ['New window'],
    after: async (page) => {
      await monthly(page);
      await build('a day of the month')(page);
    },
    choices: ['Day'],
  },
};

for (const [name, { path, through = [], after, choices }] of Object.entries(places))
  test(`the choices of ${name} shut nobody out while their lists are open`, async ({ admin: page }) => {
    await page.goto(path());
    for (const button of through) await page.getByRole('button', { name: button }).first().click();
    await after?.(page);
    const within =
      through.length > 0 && through[0] !== 'More filters' ? page.getByRole('dialog') : page.locator('#main');
    for (const [i, choice] of choices.entries()) {
      const box = within.getByRole('combobox', { name: choice, exact: true });
      if ((await box.getAttribute('aria-expanded')) !== 'true') await box.click();
      await expect(page.getByRole('option').first()).toBeVisible();
      await expectAccessible(page, { changed: '[role="listbox"]', only: i > 0 });
      await box.press('Escape');
      await expect(page.getByRole('option')).toHaveCount(0);
    }
  });
