/** What the page of maintenance windows keeps in its URL. */
export interface WindowsSearch {
  view?: 'calendar';
  group_id?: string;
  host_id?: string;
  /** The first day that the calendar shows. */
  from?: string;
}

const texts = ['group_id', 'host_id'] as const;

export function windowsSearch(search: Record<string, unknown>): WindowsSearch {
  const given = texts.flatMap((name) => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? [[name, value]] : [];
  });
  const from = typeof search.from === 'string' && /^\d{4}-\d\d-\d\d$/.test(search.from) ? { from: search.from } : {};
  return { ...(search.view === 'calendar' ? { view: 'calendar' } : {}), ...from, ...Object.fromEntries(given) };
}
