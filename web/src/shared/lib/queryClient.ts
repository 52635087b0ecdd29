import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { problemOf } from './problem';

type Listener = () => void;
let onSignedOut: Listener = () => {};

/** What happens when the server no longer knows the session. */
export function whenSignedOut(listener: Listener) {
  onSignedOut = listener;
}

function seeError(error: unknown) {
  if (problemOf(error).status === 401) onSignedOut();
}

// What is shown is kept current by the event stream (src/live), so that nothing is asked again for its age alone.
export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: seeError }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => mutation.meta?.signIn || seeError(error),
  }),
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && [0, 502, 503, 504].includes(problemOf(error).status),
    },
  },
});
