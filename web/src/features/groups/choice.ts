import { useDebouncedValue } from '@mantine/hooks';
import { useQueries, useQuery } from '@tanstack/react-query';
import { getGroupOptions, listGroupsOptions } from '../../api';

/** The names of groups, for as far as they are known yet. */
export function useGroupNames(ids: readonly string[]) {
  return useQueries({
    queries: ids.map((id) => getGroupOptions({ path: { id } })),
    combine: (answers) => ids.map((id, i) => ({ id, name: answers[i]?.data?.name ?? 'a group' })),
  });
}

/** Groups to choose from, searched by the server, and those that are chosen. */
export function useGroupChoice(search: string, chosen: readonly string[]) {
  const [q] = useDebouncedValue(search.trim(), 150);
  const known = useGroupNames(chosen);
  // The name of the chosen one stands in the box too, and is no search.
  const searching = known.some((g) => g.name === q) ? '' : q;
  const found = useQuery(listGroupsOptions({ query: { limit: 50, ...(searching ? { q: searching } : {}) } }));
  const all = new Map([...known, ...(found.data?.items ?? [])].map((g) => [g.id, g.name]));
  return [...all].map(([value, label]) => ({ value, label }));
}
