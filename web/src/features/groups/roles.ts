import type { MembershipInput } from '../../api';

export type Role = MembershipInput['role'];

export const roles: { value: Role; label: string }[] = [
  { value: 'operator', label: 'Operator' },
  { value: 'viewer', label: 'Viewer' },
];

export const rolesSay = 'An operator patches and changes the hosts of the group, a viewer sees them.';
