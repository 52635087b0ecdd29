import { Checkbox, Group, MultiSelect, NumberInput, TagsInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useState } from 'react';
import { useMe } from '../../shared/lib/me';
import { useGroupChoice } from '../groups/choice';
import type { HostValues } from './hostForm';

type Form = UseFormReturnType<HostValues>;

/** The fields of a host, new or known. */
export function HostFields({ form }: { form: Form }) {
  return (
    <>
      <TextInput
        label="Name (FQDN)"
        description="The name that the agent's certificate is valid for"
        required
        data-autofocus
        autoComplete="off"
        {...form.getInputProps('fqdn')}
      />
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <TextInput
          label="Address"
          description="IP or name to dial; empty: the FQDN"
          autoComplete="off"
          {...form.getInputProps('address')}
        />
        <NumberInput
          label="Agent port"
          description="Empty: as in the settings"
          allowDecimal={false}
          hideControls
          {...form.getInputProps('agent_port')}
        />
      </Group>
      <Groups form={form} />
      <TextInput label="Display name" autoComplete="off" {...form.getInputProps('display_name')} />
      <TagsInput
        label="Labels"
        description="name=value, each ended by Enter"
        acceptValueOnBlur
        {...form.getInputProps('labels')}
      />
      <TextInput
        label="Zone"
        description="The workers that reach the host; empty: default"
        autoComplete="off"
        {...form.getInputProps('zone')}
      />
      <Checkbox
        label="Maintenance windows of its groups and the site apply"
        description="Blackouts always do."
        {...form.getInputProps('inherit_windows', { type: 'checkbox' })}
      />
    </>
  );
}

function Groups({ form }: { form: Form }) {
  const me = useMe();
  const [search, setSearch] = useState('');
  const found = useGroupChoice(search, form.values.group_ids);
  const mine = new Set(me.groups.filter((g) => g.role === 'operator').map((g) => g.id));
  return (
    <MultiSelect
      label="Groups"
      description={me.admin ? 'Who sees and operates the host' : 'At least one that you operate'}
      data={found.filter((g) => me.admin || mine.has(g.value) || form.values.group_ids.includes(g.value))}
      searchable
      searchValue={search}
      onSearchChange={setSearch}
      nothingFoundMessage="No group is called that"
      {...form.getInputProps('group_ids')}
    />
  );
}
