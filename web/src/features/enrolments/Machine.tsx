import { Code, Table, Text } from '@mantine/core';
import type { Enrolment } from '../../api';
import { Instant } from '../../shared/ui/Time';

/** What a machine says of itself, which nobody has proved. */
export function Machine({ enrolment }: { enrolment: Enrolment }) {
  const rows = [
    ['Host name', enrolment.hostname || '–'],
    ['Address', enrolment.ip_address],
    ['Machine id', enrolment.machine_id],
    ['Asked from', enrolment.remote_address],
  ];
  return (
    <>
      <Text size="sm">
        The machine says this of itself; compare it with the machine before you let it in. It asked{' '}
        <Instant at={enrolment.created_at} />.
      </Text>
      <Table variant="vertical" layout="fixed" aria-label="What the machine says">
        <Table.Tbody>
          {rows.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w={110}>{name}</Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {Object.keys(enrolment.os_details).length > 0 && (
        <Code block tabIndex={0} aria-label="Operating system" mah={140} style={{ overflow: 'auto' }}>
          {JSON.stringify(enrolment.os_details, null, 2)}
        </Code>
      )}
    </>
  );
}
