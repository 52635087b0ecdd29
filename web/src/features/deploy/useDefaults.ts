import { useQuery } from '@tanstack/react-query';
import { getJobDefaultsOptions } from '../../api';

/** What the server takes where nothing is typed; nothing until it has said so. */
export function useDefaults() {
  return useQuery({ ...getJobDefaultsOptions(), staleTime: Number.POSITIVE_INFINITY }).data;
}
