import {
  type InfiniteData,
  keepPreviousData,
  type QueryKey,
  useInfiniteQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useCallback, useMemo, useRef } from 'react';

/** A page of a list as the API answers it. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  total?: number;
}

interface Options<T, P extends Page<T>> {
  queryKey: QueryKey;
  fetchPage: (cursor: string | undefined, signal: AbortSignal) => Promise<P>;
  id: (item: T) => string;
  /** Reads what is in view anew every so many milliseconds: for ages, which no event refreshes. */
  refetchInterval?: number;
  /** Whether no event tells that the list changed, so that it is read anew whenever it is shown. */
  unannounced?: boolean;
  /** False where there is nothing to ask for yet. */
  enabled?: boolean;
}

/**
 * A list that is read page by page as somebody scrolls. When the stream says that it changed, only the pages that are in
 * view are read anew; the others are when they come into view. So a list of thousands costs no more than what is seen of it.
 */
export function usePages<T, P extends Page<T>>({
  queryKey,
  fetchPage,
  id,
  refetchInterval,
  unannounced,
  enabled = true,
}: Options<T, P>) {
  const client = useQueryClient();
  const inView = useRef<[first: number, last: number]>([0, 0]);
  const aged = useRef(new Set<number>());

  const query = useInfiniteQuery({
    queryKey,
    enabled,
    queryFn: ({ pageParam, signal }) => {
      const old = client.getQueryData<InfiniteData<P, string | undefined>>(queryKey);
      const index = old?.pageParams.indexOf(pageParam) ?? -1;
      const kept = old?.pages[index];
      const [first, last] = inView.current;
      if (kept && (index < first || index > last)) {
        aged.current.add(index);
        return kept;
      }
      aged.current.delete(index);
      return fetchPage(pageParam, signal);
    },
    refetchOnMount: unannounced ? 'always' : true,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: P) => page.next_cursor ?? undefined,
    // The list of the filter before stays until the other is read, so that nothing flickers as somebody types.
    placeholderData: keepPreviousData,
    ...(refetchInterval === undefined ? {} : { refetchInterval }),
  });
  const { data, hasNextPage, isFetching, fetchNextPage, refetch } = query;

  const items = useMemo(() => unique(data?.pages.flatMap((p) => p.items) ?? [], id), [data, id]);

  const see = useCallback(
    (firstRow: number, lastRow: number) => {
      const size = data?.pages[0]?.items.length || 1;
      inView.current = [Math.floor(firstRow / size), Math.floor(lastRow / size)];
      if (isFetching) return;
      if (hasNextPage && lastRow >= items.length - size) void fetchNextPage();
      else if ([...aged.current].some((i) => i >= inView.current[0] && i <= inView.current[1])) void refetch();
    },
    [data, isFetching, hasNextPage, items.length, fetchNextPage, refetch],
  );

  return { ...query, items, total: data?.pages[inView.current[0]]?.total ?? data?.pages[0]?.total, see };
}

/** A row may be on two pages for a moment, when one of them was read before the order changed. */
export function unique<T>(items: T[], id: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [id(item), item])).values()];
}
