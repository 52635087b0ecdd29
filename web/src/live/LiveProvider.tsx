import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { affected, type LiveEvent, type QueryId } from './affected';
import { Batcher } from './batch';
import { followStream, type StreamState } from './stream';

const State = createContext<StreamState>('connecting');

/** Whether what is shown follows the database at this moment. */
export const useStreamState = () => use(State);

/** Keeps every answer in the cache current by the event stream, for as long as it is mounted. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>('connecting');
  useEffect(() => {
    const stop = new AbortController();
    const batcher = new Batcher((events) => readAnew(client, events));
    void followStream(
      {
        onEvent: (event) => batcher.add(event),
        onReset: () => void client.invalidateQueries(),
        onState: setState,
        // Asking who is signed in finds out, and leads to the page for signing in.
        onSignedOut: () => void client.invalidateQueries({ predicate: (q) => id(q.queryKey)._id === 'getMe' }),
      },
      stop.signal,
    );
    return () => stop.abort();
  }, [client]);
  return <State value={state}>{children}</State>;
}

/** Reads what is shown anew where one of the events may have changed it; what is not shown, when it is shown again. */
function readAnew(client: QueryClient, events: LiveEvent[]) {
  return client.invalidateQueries({
    predicate: (query) => events.some((event) => affected(id(query.queryKey), event)),
  });
}

function id(key: readonly unknown[]): QueryId {
  return (key[0] ?? { _id: '' }) as QueryId;
}
