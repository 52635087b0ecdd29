import { Button, Popover, Select } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconClock } from '@tabler/icons-react';
import { localZone, zones } from '../../shared/lib/time';
import { useZone } from '../../shared/lib/zone';

const options = [
  { group: 'This browser', items: [localZone] },
  { group: 'All', items: zones.filter((z) => z !== localZone) },
];

/** Chooses the time zone of the whole UI. */
export function ZoneSelect() {
  const { zone, setZone } = useZone();
  const [opened, popover] = useDisclosure();
  return (
    <Popover
      opened={opened}
      onChange={(o) => !o && popover.close()}
      position="bottom-end"
      trapFocus
      withRoles={false}
      portalProps={{ target: '#main' }}
    >
      <Popover.Target>
        <Button
          variant="subtle"
          size="compact-sm"
          px={4}
          onClick={popover.toggle}
          aria-label={`Time zone: ${zone}`}
          aria-expanded={opened}
          leftSection={<IconClock size={16} aria-hidden />}
          styles={{ section: { marginInlineEnd: 4 } }}
        >
          <span>{zone.split('/').at(-1)?.replaceAll('_', ' ')}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Select
          label="Show all times in"
          data={options}
          value={zone}
          onChange={(z) => {
            if (z) setZone(z);
            popover.close();
          }}
          searchable
          allowDeselect={false}
          limit={80}
          comboboxProps={{ withinPortal: false }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}
