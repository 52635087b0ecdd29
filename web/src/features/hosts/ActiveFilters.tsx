import { Button, Group } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { activeFilters } from './activeFilters';
import type { HostFilter } from './search';

interface Props {
  filter: HostFilter;
  set: (part: HostFilter) => void;
  clear: () => void;
}

/** The filters that stand in no box of the page, each with a way out. */
export function ActiveFilters({ filter, set, clear }: Props) {
  if (Object.keys(filter).length === 0) return null;
  return (
    <Group gap={6}>
      {activeFilters(filter).map(({ words, without }) => (
        <Button
          key={words}
          size="compact-xs"
          variant="default"
          rightSection={<IconX size={12} aria-hidden />}
          aria-label={`Without the filter ${words}`}
          onClick={() => set(without)}
        >
          {words}
        </Button>
      ))}
      <Button size="compact-xs" variant="subtle" onClick={clear}>
        Clear all filters
      </Button>
    </Group>
  );
}
