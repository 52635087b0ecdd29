import { Button } from '@mantine/core';
import { IconFileTypeCsv } from '@tabler/icons-react';
import { apiPath } from '../lib/search';

/** What a list of the API shows, all pages of it, as a table for a spreadsheet. */
export function CsvLink({ path, query }: { path: string; query: object }) {
  return (
    <Button
      component="a"
      href={apiPath(path, { ...query, format: 'csv' })}
      download
      variant="default"
      size="xs"
      leftSection={<IconFileTypeCsv size={14} aria-hidden />}
    >
      CSV
    </Button>
  );
}
