import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getJobHostLog, getJobHostLogQueryKey, type JobHost, type LogLine } from '../../../api';
import { hasEnded } from '../steps';

interface Log {
  lines: LogLine[];
  after: number;
  ended: boolean;
}

const atOnce = 1000;
const none: Log = { lines: [], after: -1, ended: false };

/**
 * The output of a host, from its first line on. While the host runs, what is new is asked for every two seconds; once it has
 * ended, until the API says that these were the last lines.
 */
export function useLog(host: JobHost) {
  const client = useQueryClient();
  const path = { id: host.job_id, host_id: host.host_id };
  const queryKey = getJobHostLogQueryKey({ path });
  const moves = host.status === 'running' || hasEnded(host.status);
  return useQuery<Log>({
    queryKey,
    queryFn: async ({ signal }) => {
      let log = client.getQueryData<Log>(queryKey) ?? none;
      for (;;) {
        const query = { after: log.after, limit: atOnce };
        const { data } = await getJobHostLog({ path, query, signal, throwOnError: true });
        log = {
          lines: data.items.length > 0 ? log.lines.concat(data.items) : log.lines,
          after: data.next_after,
          ended: data.ended,
        };
        if (data.items.length < atOnce) return log;
      }
    },
    structuralSharing: false,
    refetchInterval: (query) => (moves && !query.state.data?.ended ? 2_000 : false),
  });
}
