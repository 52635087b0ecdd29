import { useQuery } from '@tanstack/react-query';
import { getHostOptions } from '../../api';
import { operatorOnly, someOperatorOnly, useMe } from '../../shared/lib/me';

/** Why somebody may not act on a host of a job; undefined where they may. One that was deleted is judged by the server alone. */
export function useMayOperate(hostId: string): string | undefined {
  const me = useMe();
  const host = useQuery({ ...getHostOptions({ path: { id: hostId } }), enabled: !me.admin });
  return host.data ? operatorOnly(me, host.data.group_ids) : someOperatorOnly(me);
}
