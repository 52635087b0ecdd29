import { Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { getHostOptions, listHostsOptions } from '../../api';

/** Chooses one host by a part of its name or address, as the server finds it. */
export function HostSelect(props: Omit<SelectProps<string>, 'data'>) {
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed.trim(), 200);
  const value = props.value ?? '';
  const chosen = useQuery({ ...getHostOptions({ path: { id: value } }), enabled: value !== '' });
  const found = useQuery({ ...listHostsOptions({ query: { q, limit: 30 } }), placeholderData: keepPreviousData });
  const options = (found.data?.items ?? []).map((host) => ({ value: host.id, label: host.fqdn }));
  if (value && !options.some((o) => o.value === value))
    options.unshift({ value, label: chosen.data?.fqdn ?? 'A host that is not there' });
  return (
    <Select
      data={options}
      // The name of the chosen one stands in the box too, and is no search.
      onSearchChange={(text) => setTyped(options.some((o) => o.label === text) ? '' : text)}
      filter={({ options: all }) => all}
      nothingFoundMessage="No host is called that"
      searchable
      {...props}
    />
  );
}
