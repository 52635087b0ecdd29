import { useSuspenseQuery } from '@tanstack/react-query';
import { getMeOptions, type Me } from '../../api';

/** Who is signed in. Below the shell there is always somebody. */
export function useMe(): Me {
  return useSuspenseQuery(getMeOptions()).data;
}

/** Why somebody may not do what takes an administrator; undefined where they may. */
export function adminOnly(me: Me): string | undefined {
  return me.admin ? undefined : 'Only administrators may do this.';
}

/** Why somebody may not change what belongs to one of the groups; undefined where they may. */
export function operatorOnly(me: Me, groupIds: readonly string[]): string | undefined {
  if (me.admin) return undefined;
  const operates = me.groups.some((g) => g.role === 'operator' && groupIds.includes(g.id));
  return operates ? undefined : 'This takes the role operator in a group of the host; yours is viewer.';
}

/** Why somebody who operates no group at all may not; undefined where they may. */
export function someOperatorOnly(me: Me): string | undefined {
  if (me.admin || me.groups.some((g) => g.role === 'operator')) return undefined;
  return 'This takes the role operator in at least one group.';
}
