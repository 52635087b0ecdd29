import { MultiSelect, type MultiSelectProps, Select, type SelectProps } from '@mantine/core';
import { useState } from 'react';
import { useGroupChoice } from './choice';

const unknown = 'No group is called that';

/** Chooses one group by a part of its name. */
export function GroupSelect(props: Omit<SelectProps<string>, 'data'>) {
  const [search, setSearch] = useState('');
  const groups = useGroupChoice(search, props.value ? [props.value] : []);
  return (
    <Select
      data={groups}
      searchable
      searchValue={search}
      onSearchChange={setSearch}
      nothingFoundMessage={unknown}
      {...props}
    />
  );
}

/** Chooses any number of groups by parts of their names. */
export function GroupMultiSelect(props: Omit<MultiSelectProps<string>, 'data'>) {
  const [search, setSearch] = useState('');
  const groups = useGroupChoice(search, props.value ?? []);
  return (
    <MultiSelect
      data={groups}
      searchable
      searchValue={search}
      onSearchChange={setSearch}
      nothingFoundMessage={unknown}
      {...props}
    />
  );
}
