import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { listSiteWindowsOptions } from '../../api';
import { useNow } from '../../shared/lib/now';
import { Caution } from '../../shared/ui/Caution';
import { PageLink } from '../../shared/ui/PageLink';
import { Countdown, Instant } from '../../shared/ui/Time';
import { blackoutsNow } from './blackouts';

/** That no patch starts anywhere, while a blackout of the whole site lasts. */
export function Stopped() {
  const now = useNow();
  const windows = useQuery(listSiteWindowsOptions({ query: { limit: 200 } }));
  return blackoutsNow(windows.data?.items ?? [], now).map(({ id, label, until }) => (
    <Caution key={id} title={`No patch starts on any host: ${label || 'blackout of the whole site'}`}>
      <Text size="sm">
        It ends <Countdown to={until} />, <Instant at={until} />.{' '}
        <PageLink to="/windows" underline="always">
          See and change it
        </PageLink>
      </Text>
    </Caution>
  ));
}
