import {
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  redirect,
  type SearchSchemaInput,
} from '@tanstack/react-router';
import { getMeOptions } from '../api';
import { auditSearch } from '../features/audit/search';
import { deploySearch } from '../features/deploy/search';
import { enrolmentsSearch } from '../features/enrolments/search';
import { groupsSearch } from '../features/groups/search';
import { hostsSearch } from '../features/hosts/search';
import { jobSearch, jobsSearch } from '../features/jobs/search';
import { usersSearch } from '../features/users/search';
import { windowsSearch } from '../features/windows/search';
import { problemOf } from '../shared/lib/problem';
import { queryClient } from '../shared/lib/queryClient';
import { NotFound, RouteError } from '../shared/ui/RouteError';
import { lazyPage } from './lazyPage';

const root = createRootRoute({ component: Outlet, errorComponent: RouteError, notFoundComponent: NotFound });

/** A path of this site to go back to after signing in, and why a single sign-on failed. */
function loginSearch(search: { return_to?: unknown; sign_on?: unknown } & SearchSchemaInput) {
  const { return_to: path, sign_on: code } = search;
  const found: { return_to?: string; sign_on?: string } = {};
  if (typeof path === 'string' && /^\/(?![/\\])/.test(path)) found.return_to = path;
  if (typeof code === 'string' && /^[a-z_]{1,40}$/.test(code)) found.sign_on = code;
  return found;
}

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: loginSearch,
  component: lazyPage(() => import('../features/login/LoginPage'), 'LoginPage'),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyPage(() => import('../features/login/SetupPage'), 'SetupPage'),
});

/** Everything that takes somebody who is signed in. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(getMeOptions());
    } catch (error) {
      if (problemOf(error).status !== 401) throw error;
      throw redirect({
        to: '/login',
        search: location.href === '/' ? {} : { return_to: location.href },
        replace: true,
      });
    }
  },
  component: lazyPage(() => import('./shell/Shell'), 'Shell'),
});

const dashboard = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyPage(() => import('../features/dashboard/DashboardPage'), 'DashboardPage'),
});

const groups = createRoute({
  getParentRoute: () => shell,
  path: '/groups',
  validateSearch: groupsSearch,
  component: lazyPage(() => import('../features/groups/GroupsPage'), 'GroupsPage'),
});

const group = createRoute({
  getParentRoute: () => shell,
  path: '/groups/$groupId',
  component: lazyPage(() => import('../features/groups/GroupPage'), 'GroupPage'),
});

const users = createRoute({
  getParentRoute: () => shell,
  path: '/users',
  validateSearch: usersSearch,
  component: lazyPage(() => import('../features/users/UsersPage'), 'UsersPage'),
});

const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: lazyPage(() => import('../features/account/AccountPage'), 'AccountPage'),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyPage(() => import('../features/audit/AuditPage'), 'AuditPage'),
});

const enrolments = createRoute({
  getParentRoute: () => shell,
  path: '/enrolments',
  validateSearch: enrolmentsSearch,
  component: lazyPage(() => import('../features/enrolments/EnrolmentsPage'), 'EnrolmentsPage'),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyPage(() => import('../features/settings/SettingsPage'), 'SettingsPage'),
});

const windows = createRoute({
  getParentRoute: () => shell,
  path: '/windows',
  validateSearch: windowsSearch,
  component: lazyPage(() => import('../features/windows/WindowsPage'), 'WindowsPage'),
});

const adminPages = [groups, group, users, account, audit, enrolments, settings, windows] as const;

const hosts = createRoute({
  getParentRoute: () => shell,
  path: '/hosts',
  validateSearch: hostsSearch,
  component: lazyPage(() => import('../features/hosts/HostsPage'), 'HostsPage'),
});

const jobs = createRoute({
  getParentRoute: () => shell,
  path: '/jobs',
  validateSearch: jobsSearch,
  component: lazyPage(() => import('../features/jobs/JobsPage'), 'JobsPage'),
});

const job = createRoute({
  getParentRoute: () => shell,
  path: '/jobs/$jobId',
  validateSearch: jobSearch,
  component: lazyPage(() => import('../features/job/JobPage'), 'JobPage'),
});

const jobHost = createRoute({
  getParentRoute: () => job,
  path: 'hosts/$hostId',
  component: lazyPage(() => import('../features/job/JobHostDrawer'), 'JobHostDrawer'),
});

const deploy = createRoute({
  getParentRoute: () => shell,
  path: '/deploy',
  validateSearch: deploySearch,
  component: lazyPage(() => import('../features/deploy/DeployPage'), 'DeployPage'),
});

const jobPages = [deploy, jobs, job.addChildren([jobHost])] as const;

const host = createRoute({
  getParentRoute: () => shell,
  path: '/hosts/$hostId',
  component: lazyPage(() => import('../features/host/HostPage'), 'HostPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([login, setup, shell.addChildren([dashboard, hosts, host, ...adminPages, ...jobPages])]),
  defaultPreload: 'intent',
  defaultErrorComponent: RouteError,
  scrollRestoration: true,
  // What a page does not know is not in its search, whoever wrote the link.
  search: { strict: true },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
