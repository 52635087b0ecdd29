import type { ListAuditData } from '../../api';

/** What the Audit page keeps in its URL, called as the API calls it. */
export type AuditSearch = Omit<NonNullable<ListAuditData['query']>, 'cursor' | 'limit' | 'format'>;

export const auditFilters = ['actor', 'action', 'subject_type', 'subject_id', 'request_id', 'from', 'to'] as const;

export function auditSearch(search: Record<string, unknown>): AuditSearch {
  const given = auditFilters.flatMap((name) => {
    const value = search[name];
    return (typeof value === 'string' && value !== '') || typeof value === 'number' ? [[name, `${value}`]] : [];
  });
  return Object.fromEntries(given) as AuditSearch;
}

/** The path of what is shown, as a table for a spreadsheet where so asked. */
export function auditPath(search: AuditSearch, format?: 'csv'): string {
  const query = new URLSearchParams({ ...search, ...(format ? { format } : {}) }).toString();
  return `/api/v1/audit${query ? `?${query}` : ''}`;
}
