import { clean, one, text } from '../../shared/lib/search';

/** What the page of maintenance windows keeps in its URL. */
export interface WindowsSearch {
  view?: 'calendar';
  group_id?: string;
  host_id?: string;
  /** The first day that the calendar shows. */
  from?: string;
}

export function windowsSearch(search: Record<string, unknown>): WindowsSearch {
  const from = text(search.from);
  return clean({
    view: one(['calendar'] as const, search.view),
    group_id: text(search.group_id),
    host_id: text(search.host_id),
    from: from && /^\d{4}-\d\d-\d\d$/.test(from) ? from : undefined,
  });
}
