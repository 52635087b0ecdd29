import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { useMe } from '../shared/lib/me';
import { affected, type LiveEvent, type QueryId } from './affected';
import { Batcher } from './batch';
import { followStream, type StreamState } from './stream';

const State = createContext<StreamState>('connecting');

/** Whether what is shown follows the database at this moment. */
export const useStreamState = () => use(State);

/** Keeps every answer in the cache current by the event stream, for as long as it is mounted. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  // Who is signed in was asked before anything else, so that nothing that was read since is older.
  const [from] = useState(useMe().event_id);
  const [state, setState] = useState<StreamState>('connecting');
  useEffect(() => {
    const stop = new AbortController();
    const batcher = new Batcher((events) => readAnew(client, events));
    void followStream(
      from,
      {
        onEvent: (event) => batcher.add(event),
        onReset: () => void client.invalidateQueries(),
        onState: (now) => {
          setState(now);
          if (now === 'live') readFailed(client);
        },
      },
      stop.signal,
    );
    return () => stop.abort();
  }, [client, from]);
  return <State value={state}>{children}</State>;
}

/** Reads what is shown anew where one of the events may have changed it; what is not shown, when it is shown again. */
function readAnew(client: QueryClient, events: LiveEvent[]) {
  return client.invalidateQueries({
    predicate: (query) => events.some((event) => affected(id(query.queryKey), event)),
  });
}

/** Reads what is shown and could not be read while the server was away. */
function readFailed(client: QueryClient) {
  void client.refetchQueries({ type: 'active', predicate: ({ state }) => state.status === 'error' });
}

function id(key: readonly unknown[]): QueryId {
  return (key[0] ?? { _id: '' }) as QueryId;
}
