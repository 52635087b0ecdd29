import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';

/** Has the answers of the operations read anew, for changes that no event tells of. */
export function useOutdate() {
  const client = useQueryClient();
  return useCallback(
    (...operations: string[]) =>
      client.invalidateQueries({
        predicate: ({ queryKey }) => operations.includes((queryKey[0] as { _id?: string } | undefined)?._id ?? ''),
      }),
    [client],
  );
}
