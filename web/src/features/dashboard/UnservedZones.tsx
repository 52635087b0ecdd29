import { Text } from '@mantine/core';
import type { Zone } from '../../api';
import { count } from '../../shared/lib/words';
import { Caution } from '../../shared/ui/Caution';
import { Since } from '../../shared/ui/NoWorker';
import { PageLink } from '../../shared/ui/PageLink';

/** The zones whose hosts nobody checks and patches, each with how many these are. */
export function UnservedZones({ zones }: { zones: readonly Zone[] }) {
  return zones.map(({ name, hosts, unserved_since }) => (
    <Caution key={name} title={`No worker in zone ${name}`}>
      <Text size="sm">
        Nothing is checked or sent on{' '}
        <PageLink to="/hosts" search={{ zone: name }} underline="always">
          {count(hosts, 'host')}
        </PageLink>{' '}
        until one comes; none was there <Since at={unserved_since} />.
      </Text>
    </Caution>
  ));
}
