import { clean, day, one, text } from '../../shared/lib/search';

/** What the page of maintenance windows keeps in its URL. */
export interface WindowsSearch {
  view?: 'calendar';
  group_id?: string;
  host_id?: string;
  /** The first day that the calendar shows. */
  from?: string;
}

// The API answers for the years 2000 to 2200, which are to hold the weeks that are shown in every zone.
const [first, last] = ['2000-01-02', '2200-12-01'];

export function windowsSearch(search: Record<string, unknown>): WindowsSearch {
  return clean({
    view: one(['calendar'] as const, search.view),
    group_id: text(search.group_id),
    host_id: text(search.host_id),
    from: day(search.from, first, last),
  });
}
