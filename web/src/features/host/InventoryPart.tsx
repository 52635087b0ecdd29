import { Button, Skeleton, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getHostPatchesOptions, type Host, type Inventory, type PendingPatch } from '../../api';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { Age } from '../../shared/ui/Time';

/** So many packages are listed before somebody asks for all. */
const few = 8;

/** What the agent said of the machine and its packages. */
export function InventoryPart({ host }: { host: Host }) {
  const inventory = useQuery({ ...getHostPatchesOptions({ path: { id: host.id } }), refetchInterval: 30_000 });
  return (
    <Section title="Inventory" actions={<CopyCurl path={`/api/v1/hosts/${host.id}/patches`} />}>
      {inventory.error && <ProblemAlert error={inventory.error} retry={() => void inventory.refetch()} />}
      {inventory.isLoading && <Skeleton h={80} />}
      {inventory.data && <System inventory={inventory.data} />}
      {inventory.data && <Packages items={inventory.data.items} />}
    </Section>
  );
}

function System({ inventory }: { inventory: Inventory }) {
  if (!inventory.inventory_at)
    return <Text size="sm">None yet: the agent is asked every 30 minutes unless the settings say otherwise.</Text>;
  const system = [inventory.os, inventory.os_version, inventory.architecture].filter(Boolean).join(' ');
  return (
    <Text size="sm" component="div">
      {system}
      {inventory.kernel && `, kernel ${inventory.kernel}`}
      <Text size="xs" c="dimmed" component="div">
        Asked <Age at={inventory.inventory_at} />. Package lists {inventory.cache_status || 'unknown'}, updated{' '}
        <Age at={inventory.last_cache_update} />.
      </Text>
    </Text>
  );
}

function Packages({ items }: { items: readonly PendingPatch[] }) {
  const [all, { toggle }] = useDisclosure();
  if (items.length === 0) return null;
  return (
    <>
      <Table layout="fixed" fz="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Pending package</Table.Th>
            <Table.Th>From, to</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {(all ? items : items.slice(0, few)).map((patch) => (
            <Package key={patch.name} patch={patch} />
          ))}
        </Table.Tbody>
      </Table>
      {items.length > few && (
        <Button size="compact-xs" variant="default" onClick={toggle} aria-expanded={all} w="fit-content">
          {all ? `Show ${few}` : `Show all ${items.length}`}
        </Button>
      )}
    </>
  );
}

function Package({ patch }: { patch: PendingPatch }) {
  const marks = [patch.severity, patch.requires_reboot && 'reboot', patch.held && 'held back, never sent'];
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {patch.name}
        <Text size="xs" c="dimmed">
          {marks.filter(Boolean).join(', ')}
        </Text>
      </Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {patch.current_version || 'not installed'}
        <br />
        {patch.available_version}
      </Table.Td>
    </Table.Tr>
  );
}
