import type { ListAuditData } from '../../api';
import { clean, text } from '../../shared/lib/search';

/** What the Audit page keeps in its URL, called as the API calls it. */
export type AuditSearch = Omit<NonNullable<ListAuditData['query']>, 'cursor' | 'limit' | 'format'>;

export const auditFilters = ['actor', 'action', 'subject_type', 'subject_id', 'request_id', 'from', 'to'] as const;

export function auditSearch(search: Record<string, unknown>): AuditSearch {
  return clean(Object.fromEntries(auditFilters.map((name) => [name, text(search[name])])));
}
