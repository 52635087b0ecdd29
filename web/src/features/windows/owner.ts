import {
  type CalendarItem,
  createGroupWindow,
  createHostWindow,
  createSiteWindow,
  deleteGroupWindow,
  deleteHostWindow,
  deleteSiteWindow,
  updateGroupWindow,
  updateHostWindow,
  updateSiteWindow,
  type Window,
  type WindowInput,
} from '../../api';

/** Of what a window is: the site, a group or a host. */
export interface Owner {
  scope: string;
  id: string;
}

export const ownerOf = (w: Window): Owner => ({ scope: w.scope, id: w.group_id ?? w.host_id ?? '' });

/** Where the windows of the owner are in the API. */
export function pathOf({ scope, id }: Owner): string {
  return scope === 'site' ? '/api/v1/maintenance-windows' : `/api/v1/${scope}s/${id}/maintenance-windows`;
}

/** Makes a window of the owner, or replaces the one that is named. */
export async function saveWindow({ scope, id }: Owner, window_id: string | undefined, body: WindowInput) {
  const sent = { body, throwOnError: true } as const;
  if (scope === 'site') {
    return window_id ? updateSiteWindow({ path: { window_id }, ...sent }) : createSiteWindow(sent);
  }
  if (scope === 'group') {
    return window_id
      ? updateGroupWindow({ path: { id, window_id }, ...sent })
      : createGroupWindow({ path: { id }, ...sent });
  }
  return window_id
    ? updateHostWindow({ path: { id, window_id }, ...sent })
    : createHostWindow({ path: { id }, ...sent });
}

export async function removeWindow({ scope, id }: Owner, window_id: string) {
  if (scope === 'site') return deleteSiteWindow({ path: { window_id }, throwOnError: true });
  if (scope === 'group') return deleteGroupWindow({ path: { id, window_id }, throwOnError: true });
  return deleteHostWindow({ path: { id, window_id }, throwOnError: true });
}

/** Why the reader may not change a window; undefined where they may. */
export function mayNotChange({ may_edit, owner, window }: CalendarItem): string | undefined {
  if (may_edit) return undefined;
  if (window.scope === 'site') return 'It is of the whole site: only administrators may do this.';
  return window.scope === 'group'
    ? `This takes the role operator in the group ${owner}.`
    : `This takes the role operator in a group of ${owner}.`;
}
