import { Button, Group, Popover, Select, Stack, TagsInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFilter } from '@tabler/icons-react';
import { SearchBox } from '../../shared/ui/SearchBox';
import { GroupSelect } from '../groups/GroupSelect';
import type { HostFilter } from './search';

interface Props {
  filter: HostFilter;
  set: (part: HostFilter) => void;
}

/** Narrows the list of hosts; everything chosen is in the URL. */
export function Filters({ filter, set }: Props) {
  return (
    <Group gap="xs">
      <SearchBox
        label="Search hosts"
        placeholder="Name or address"
        value={filter.q ?? ''}
        onSearch={(q) => set({ q: q.trim() || undefined })}
        w={{ base: '100%', xs: 240 }}
      />
      <Choice
        label="Health"
        any="Any health"
        values={{ unhealthy: 'Unhealthy', unknown: 'Unknown', healthy: 'Healthy', none: 'No checks' }}
        value={filter.health}
        set={(health) => set({ health })}
      />
      <GroupSelect
        aria-label="Group"
        placeholder="Any group"
        value={filter.group_id ?? null}
        onChange={(group_id) => set({ group_id: group_id ?? undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any group' }}
        w={170}
      />
      <MoreFilters filter={filter} set={set} />
    </Group>
  );
}

function MoreFilters({ filter, set }: Props) {
  const [opened, popover] = useDisclosure();
  const { q, health, group_id, ...more } = filter;
  const count = Object.keys(more).length;
  return (
    <Popover
      opened={opened}
      onChange={(o) => !o && popover.close()}
      trapFocus
      position="bottom-end"
      withRoles={false}
      portalProps={{ target: '#main' }}
    >
      <Popover.Target>
        <Button
          variant="default"
          onClick={popover.toggle}
          aria-expanded={opened}
          leftSection={<IconFilter size={16} aria-hidden />}
        >
          {count ? `More filters (${count})` : 'More filters'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" w={260}>
          <Choice
            label="Agent"
            visible
            values={{ reachable: 'Reachable', unreachable: 'Unreachable', unknown: 'Not asked yet' }}
            value={filter.agent}
            set={(agent) => set({ agent })}
          />
          <YesNo label="Reboot required" value={filter.reboot_required} set={(v) => set({ reboot_required: v })} />
          <YesNo
            label="Patches pending"
            value={filter.has_pending_patches}
            set={(v) => set({ has_pending_patches: v })}
          />
          <YesNo label="Health is stale" value={filter.stale} set={(v) => set({ stale: v })} />
          <YesNo
            label="Certificate ends within 30 days"
            value={filter.certificate_expiring}
            set={(v) => set({ certificate_expiring: v })}
          />
          <Labels value={filter.label} set={(label) => set({ label })} />
          <SearchBox
            label="Zone"
            shortcut={false}
            placeholder="default"
            value={filter.zone ?? ''}
            onSearch={(zone) => set({ zone: zone.trim() || undefined })}
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  any?: string;
  /** Whether the label is shown above. */
  visible?: boolean;
  values: Record<T, string>;
  value: T | undefined;
  set: (value: T | undefined) => void;
}

function Choice<T extends string>({ label, any = 'Any', visible, values, value, set }: ChoiceProps<T>) {
  return (
    <Select
      label={visible && label}
      aria-label={label}
      placeholder={any}
      data={Object.entries<string>(values).map(([v, name]) => ({ value: v, label: name }))}
      value={value ?? null}
      onChange={(v) => set((v ?? undefined) as T | undefined)}
      clearable
      clearButtonProps={{ 'aria-label': any }}
      comboboxProps={{ withinPortal: !visible }}
      w={visible ? '100%' : 150}
    />
  );
}

function YesNo({ label, value, set }: { label: string; value: boolean | undefined; set: (v?: boolean) => void }) {
  return (
    <Choice
      label={label}
      visible
      values={{ true: 'Yes', false: 'No' }}
      value={value === undefined ? undefined : value ? 'true' : 'false'}
      set={(v) => set(v && v === 'true')}
    />
  );
}

function Labels({ value, set }: { value: string[] | undefined; set: (value: string[] | undefined) => void }) {
  return (
    <TagsInput
      label="Labels"
      description="name or name=value; hosts with all of them"
      value={value ?? []}
      onChange={(label) => set(label.length > 0 ? label : undefined)}
      maxTags={10}
      acceptValueOnBlur
    />
  );
}
