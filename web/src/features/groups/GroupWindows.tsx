import { List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type Group, listGroupWindowsOptions } from '../../api';
import { count } from '../../shared/lib/words';
import { PageLink } from '../../shared/ui/PageLink';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { Span } from '../../shared/ui/Time';

/** The windows of a group and when each is next. */
export function GroupWindows({ group }: { group: Group }) {
  const windows = useQuery(listGroupWindowsOptions({ path: { id: group.id }, query: { limit: 200 } }));
  if (windows.error) return <ProblemAlert error={windows.error} retry={() => void windows.refetch()} />;
  if (!windows.data) return null;
  const { items } = windows.data;
  const all = (
    <PageLink to="/windows" search={{ group_id: group.id }}>
      See and change them
    </PageLink>
  );
  return (
    <Section title={count(items.length, 'maintenance window')} actions={all}>
      {items.length === 0 && (
        <Text size="sm">Its hosts are patched in windows of their own, or in those of the site.</Text>
      )}
      <List size="sm" spacing={4}>
        {items.map((w) => (
          <List.Item key={w.id}>
            {w.label || w.recurrence}
            {w.kind === 'blackout' && ' (blackout)'}
            {!w.enabled && ' (disabled)'}
            {': '}
            {w.next[0] ? <Span from={w.next[0].starts_at} to={w.next[0].ends_at} /> : 'never again'}
          </List.Item>
        ))}
      </List>
    </Section>
  );
}
