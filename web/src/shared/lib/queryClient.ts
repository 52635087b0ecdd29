import { QueryClient } from '@tanstack/react-query';
import { problemOf } from './problem';

// What is shown is kept current by the event stream (src/live), so that nothing is asked again for its age alone.
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && [0, 502, 503, 504].includes(problemOf(error).status),
    },
  },
});
