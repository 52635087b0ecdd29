import { Select, type SelectProps } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { listTimeZonesOptions } from '../../api';

/** Chooses one of the zones that the API takes; what was chosen before stays where it is none of them. */
export function ZoneField(props: Omit<SelectProps, 'data'> & { value?: string }) {
  const known = useQuery({ ...listTimeZonesOptions(), staleTime: Number.POSITIVE_INFINITY });
  const zones = known.data?.items ?? [];
  const { value } = props;
  return (
    <Select
      label="Time zone"
      data={value && !zones.includes(value) ? [value, ...zones] : zones}
      searchable
      limit={80}
      allowDeselect={false}
      {...props}
    />
  );
}
