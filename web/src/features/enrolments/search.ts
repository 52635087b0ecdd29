import type { ListEnrolmentsData } from '../../api';

export type EnrolmentStatus = NonNullable<NonNullable<ListEnrolmentsData['query']>['status']>;

export const statuses: { value: EnrolmentStatus | 'all'; label: string }[] = [
  { value: 'pending', label: 'Waiting' },
  { value: 'approved', label: 'Approved' },
  { value: 'delivered', label: 'Delivered' },
  { value: 'denied', label: 'Denied' },
  { value: 'expired', label: 'Expired' },
  { value: 'all', label: 'All' },
];

/** What the page of enrolments keeps in its URL; without it those that wait are shown. */
export function enrolmentsSearch(search: Record<string, unknown>): { status?: EnrolmentStatus | 'all' } {
  const status = statuses.find((s) => s.value === search.status && s.value !== 'pending')?.value;
  return status ? { status } : {};
}
