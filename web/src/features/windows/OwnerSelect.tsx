import { Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { getHostOptions, listGroupsOptions, listHostsOptions } from '../../api';

export function GroupSelect(props: SelectProps) {
  const groups = useQuery(listGroupsOptions({ query: { limit: 200 } }));
  const data = groups.data?.items.map((g) => ({ value: g.id, label: g.name })) ?? [];
  return <Select data={data} searchable nothingFoundMessage="No group is called that" {...props} />;
}

export function HostSelect(props: SelectProps) {
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 200);
  const value = props.value ?? '';
  const chosen = useQuery({ ...getHostOptions({ path: { id: `${value}` } }), enabled: value !== '' });
  const hosts = useQuery({
    ...listHostsOptions({ query: { limit: 30, ...(q && q !== chosen.data?.fqdn ? { q } : {}) } }),
    placeholderData: keepPreviousData,
  });
  const found = [...(hosts.data?.items ?? []), ...(chosen.data ? [chosen.data] : [])];
  const names = new Map(found.map((host) => [host.id, host.fqdn]));
  return (
    <Select
      data={[...names].map(([id, label]) => ({ value: id, label }))}
      searchable
      onSearchChange={setText}
      nothingFoundMessage="No host is called that"
      {...props}
    />
  );
}
