/** What the page of users and tokens keeps in its URL. */
export interface UsersSearch {
  q?: string;
  show?: 'tokens';
}

export function usersSearch(search: Record<string, unknown>): UsersSearch {
  return {
    ...(typeof search.q === 'string' && search.q !== '' ? { q: search.q } : {}),
    ...(search.show === 'tokens' ? { show: 'tokens' } : {}),
  };
}
