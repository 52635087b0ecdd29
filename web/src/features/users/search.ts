import { clean, one, text } from '../../shared/lib/search';

/** What the page of users and tokens keeps in its URL. */
export interface UsersSearch {
  q?: string;
  show?: 'tokens';
}

export function usersSearch(search: Record<string, unknown>): UsersSearch {
  return clean({ q: text(search.q), show: one(['tokens'] as const, search.show) });
}
