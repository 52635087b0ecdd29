import { clean, text } from '../../shared/lib/search';

/** What the Groups page keeps in its URL. */
export function groupsSearch(search: Record<string, unknown>): { q?: string } {
  return clean({ q: text(search.q) });
}
