import {
  IconCalendarTime,
  IconDashboard,
  IconHistory,
  IconListCheck,
  IconRocket,
  IconServer,
  IconSettings,
  IconUserKey,
  IconUserPlus,
  IconUsersGroup,
} from '@tabler/icons-react';
import type { Me } from '../../api';

/** The pages of the menu and the palette. */
export const pages = [
  { to: '/', label: 'Dashboard', icon: IconDashboard, admin: false },
  { to: '/hosts', label: 'Hosts', icon: IconServer, admin: false },
  { to: '/groups', label: 'Groups', icon: IconUsersGroup, admin: false },
  { to: '/deploy', label: 'Deploy', icon: IconRocket, admin: false },
  { to: '/jobs', label: 'Jobs', icon: IconListCheck, admin: false },
  { to: '/windows', label: 'Windows', icon: IconCalendarTime, admin: false },
  { to: '/users', label: 'Users and tokens', icon: IconUserKey, admin: false },
  { to: '/audit', label: 'Audit', icon: IconHistory, admin: true },
  { to: '/enrolments', label: 'Enrolments', icon: IconUserPlus, admin: true },
  { to: '/settings', label: 'Settings', icon: IconSettings, admin: true },
] as const;

/** Those that the caller may read. */
export const pagesOf = (me: Me) => pages.filter((page) => me.admin || !page.admin);
