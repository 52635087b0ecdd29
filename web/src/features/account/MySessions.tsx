import { Button, Loader, Table, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { deleteMySessionMutation, listMySessionsOptions, type Session } from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { Age, Instant } from '../../shared/ui/Time';
import { browserOf } from './browser';

/** The browsers in which one is signed in, each of which can be signed out. */
export function MySessions() {
  const outdate = useOutdate();
  const sessions = useQuery({ ...listMySessionsOptions({ query: { limit: 100 } }), refetchOnMount: 'always' });
  const end = useMutation({
    ...deleteMySessionMutation(),
    onSuccess: () => void outdate('listMySessions', 'getMe'),
  });
  return (
    <Section title="Your sessions">
      <ProblemAlert error={sessions.error ?? end.error} />
      {!sessions.data && !sessions.error && <Loader size="sm" aria-label="Loading" />}
      {sessions.data && (
        <Table aria-label="Your sessions" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Browser</Table.Th>
              <Table.Th visibleFrom="md">From</Table.Th>
              <Table.Th visibleFrom="md">Began</Table.Th>
              <Table.Th>Last seen</Table.Th>
              <Table.Th w={100}>Actions</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sessions.data.items.map((session) => (
              <Row
                key={session.id}
                session={session}
                pending={end.isPending && end.variables?.path.session_id === session.id}
                onEnd={() => end.mutate({ path: { session_id: session.id } })}
              />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}

function Row({ session, pending, onEnd }: { session: Session; pending: boolean; onEnd: () => void }) {
  const browser = browserOf(session.user_agent);
  return (
    <Table.Tr>
      <Table.Td title={session.user_agent}>
        {browser}
        {session.current && (
          <Text span size="xs" c="dimmed">
            {' '}
            (this one)
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="md">{session.remote_addr}</Table.Td>
      <Table.Td visibleFrom="md">
        <Instant at={session.created_at} /> by {session.method === 'password' ? 'password' : 'single sign-on'}
      </Table.Td>
      <Table.Td>
        <Age at={session.last_seen_at} />
      </Table.Td>
      <Table.Td>
        <Button size="compact-xs" variant="default" loading={pending} onClick={onEnd}>
          {session.current ? 'Sign out' : 'End'}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
