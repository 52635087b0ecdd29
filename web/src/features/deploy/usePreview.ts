import { useDebouncedValue } from '@mantine/hooks';
import { type JobInput, type JobPreview, type PreviewHost, previewJob } from '../../api';
import { usePages } from '../../shared/lib/pages';

const id = (host: PreviewHost) => host.host_id;

/** What the job would mean as things are, anew whenever the form or the fleet changes; what wants a look comes first. */
export function usePreview(body: JobInput) {
  const wanted = JSON.stringify(body);
  const [asked] = useDebouncedValue(wanted, 300);
  const pages = usePages<PreviewHost, JobPreview>({
    queryKey: [{ _id: 'previewJob', body: asked }],
    fetchPage: async (cursor, signal) => {
      const query = { limit: 100, ...(cursor ? { cursor } : {}) };
      return (await previewJob({ body: JSON.parse(asked) as JobInput, query, signal, throwOnError: true })).data;
    },
    id,
    enabled: lacks(JSON.parse(asked) as JobInput) === undefined,
  });
  const preview = pages.error ? undefined : pages.data?.pages[0];
  // A button that says 12 hosts must mean these twelve: not while what is asked is not yet what is wanted.
  return { ...pages, preview, current: asked === wanted && !pages.isPlaceholderData };
}

/** What is to be typed before it is worth asking. */
export const lacks = (body: JobInput): string | undefined =>
  body.packages?.length === 0 ? 'Name at least one package.' : undefined;

/** Whether nothing is sent to the host before its health changes. */
export const waitsAtGate = (host: PreviewHost) =>
  !host.excluded && host.health.state !== 'healthy' && host.health.state !== 'none';
