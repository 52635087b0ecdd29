import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type JobInput, previewJob } from '../../api';

/** What the job would mean as things are, anew whenever the form or the fleet changes. */
export function usePreview(body: JobInput, ready: boolean) {
  const wanted = JSON.stringify(body);
  const [asked] = useDebouncedValue(wanted, 300);
  const preview = useQuery({
    queryKey: [{ _id: 'previewJob', body: asked }],
    queryFn: async ({ signal }) =>
      (await previewJob({ body: JSON.parse(asked) as JobInput, signal, throwOnError: true })).data,
    placeholderData: keepPreviousData,
    // Not before what is asked is what is wanted: of hosts that are not read yet the answer is a refusal.
    enabled: ready && asked === wanted,
    gcTime: 0,
  });
  return { ...preview, current: ready && asked === wanted && !preview.isPlaceholderData };
}
