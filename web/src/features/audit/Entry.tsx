import { Code, Drawer, Stack, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { AuditEntry } from '../../api';
import { PageLink } from '../../shared/ui/PageLink';
import { Instant } from '../../shared/ui/Time';

/** All that is known of an entry. */
export function Entry({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  const rows: [string, ReactNode][] = [
    ['Number', entry.seq],
    ['When', <Instant key="at" at={entry.at} />],
    ['Who', <Only key="actor" search={{ actor: entry.actor.id ?? entry.actor.name }} text={entry.actor.name} />],
    ['To what', `${entry.subject_type} ${entry.subject_id}`],
    ['From', entry.remote_addr || 'inside the manager'],
  ];
  return (
    <Drawer opened onClose={onClose} title={entry.action} position="right" size="lg">
      <Stack gap="sm">
        <Table variant="vertical" layout="fixed">
          <Table.Tbody>
            {rows.map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th w={90}>{name}</Table.Th>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Text size="sm" fw={600} component="h3">
          Details
        </Text>
        <Code block tabIndex={0} aria-label="Details" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {JSON.stringify(entry.detail, null, 2)}
        </Code>
        <Text size="sm">
          Show only{' '}
          <Only
            search={{ subject_type: entry.subject_type, subject_id: entry.subject_id }}
            text="what was done to this"
          />
          {entry.request_id && (
            <>
              {' or '}
              <Only search={{ request_id: entry.request_id }} text="what the same request did" />
            </>
          )}
        </Text>
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {entry.hash
            ? `Checkpoint for patch-manager audit verify: ${entry.seq}:${entry.hash}`
            : 'Written before entries were chained.'}
        </Text>
      </Stack>
    </Drawer>
  );
}

function Only({ search, text }: { search: Record<string, string>; text: string }) {
  return (
    <PageLink to="/audit" search={search}>
      {text || 'nobody'}
    </PageLink>
  );
}
