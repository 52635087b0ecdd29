import { Table } from '@mantine/core';
import type { PackageResult } from '../../api';
import { Section } from '../../shared/ui/Section';

/** What became of each package that was sent. */
export function Packages({ packages }: { packages: PackageResult[] }) {
  return (
    <Section title={`Packages (${packages.length})`}>
      <Table.ScrollContainer minWidth={300} maxHeight={320}>
        <Table verticalSpacing={4} fz="sm" aria-label="Packages">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Package</Table.Th>
              <Table.Th>From</Table.Th>
              <Table.Th>To</Table.Th>
              <Table.Th>Result</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {packages.map((p) => (
              <Table.Tr key={p.name}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{p.name}</Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{p.from}</Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{p.to}</Table.Td>
                <Table.Td c={p.result === 'failed' ? 'var(--trouble)' : undefined}>{p.result}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  );
}
