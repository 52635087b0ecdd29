import { Stack, Table, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { previewWindow, type WindowInput } from '../../api';
import { linesOf, problemOf } from '../../shared/lib/problem';
import { formatSpan, isZone } from '../../shared/lib/time';
import { useZone } from '../../shared/lib/zone';

/** Kept also where there is nothing to show, so that what stands below does not move away from under a pointer. */
const heightOfTen = 310;

/** The next ten times at which the window would occur, by its clock and by the reader's. */
export function Preview({ input }: { input: WindowInput }) {
  const { zone } = useZone();
  const [text] = useDebouncedValue(JSON.stringify(input), 250);
  const preview = useQuery({
    queryKey: ['previewWindow', text],
    queryFn: async ({ signal }) =>
      (await previewWindow({ body: JSON.parse(text), query: { limit: 10 }, signal, throwOnError: true })).data,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const items = preview.error ? [] : (preview.data?.items ?? []);
  // The API may know a zone of which this browser does not.
  const its = isZone(input.time_zone) ? input.time_zone : zone;
  const two = zone !== its;
  return (
    <Stack gap={4} mih={heightOfTen} component="section" aria-label="Next occurrences" aria-live="polite">
      <Title order={3}>Next occurrences</Title>
      {preview.error &&
        linesOf(problemOf(preview.error)).map((line) => (
          <Text key={line} size="sm" c="dimmed">
            {line}
          </Text>
        ))}
      {preview.data && items.length === 0 && !preview.error && <Text size="sm">It does not occur any more.</Text>}
      {items.length > 0 && (
        <Table aria-label="Next occurrences" verticalSpacing={2} fz="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{two ? `In the window’s zone, ${its}` : `In ${zone}`}</Table.Th>
              {two && <Table.Th>In yours, {zone}</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((o) => (
              <Table.Tr key={o.starts_at}>
                <Table.Td>
                  {formatSpan(o.starts_at, o.ends_at, its)}
                  {o.note && (
                    <Text size="xs" c="var(--caution)">
                      Clocks change: {o.note}
                    </Text>
                  )}
                </Table.Td>
                {two && <Table.Td>{formatSpan(o.starts_at, o.ends_at, zone)}</Table.Td>}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}
