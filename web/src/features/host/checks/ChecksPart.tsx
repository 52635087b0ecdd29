import { Skeleton, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type Host, listHealthChecksOptions } from '../../../api';
import { operatorOnly, useMe } from '../../../shared/lib/me';
import { AllowedButton } from '../../../shared/ui/AllowedButton';
import { CopyCurl, curl } from '../../../shared/ui/CopyCurl';
import { EmptyState } from '../../../shared/ui/EmptyState';
import { ProblemAlert } from '../../../shared/ui/ProblemAlert';
import { Section } from '../../../shared/ui/Section';
import { CheckDialog } from './CheckDialog';
import { CheckRow } from './CheckRow';

/** The health checks of a host, of which every enabled one must be healthy before it is patched. */
export function ChecksPart({ host }: { host: Host }) {
  const me = useMe();
  const [adding, dialog] = useDisclosure();
  const because = operatorOnly(me, host.group_ids);
  const checks = useQuery({ ...listHealthChecksOptions({ path: { id: host.id } }), refetchInterval: 30_000 });
  const items = checks.data?.items ?? [];
  const add = (
    <AllowedButton size="xs" because={because} leftSection={<IconPlus size={14} aria-hidden />} onClick={dialog.open}>
      Add check
    </AllowedButton>
  );
  const path = `/api/v1/hosts/${host.id}/health-checks`;
  return (
    <Section
      title="Health checks"
      actions={
        items.length > 0 && (
          <>
            <Text size="xs" c="dimmed">
              {items.length} of at most 5
            </Text>
            <CopyCurl path={path} />
            {add}
          </>
        )
      }
    >
      {checks.error && <ProblemAlert error={checks.error} retry={() => void checks.refetch()} />}
      {checks.isLoading && <Skeleton h={160} />}
      {checks.data && items.length === 0 && (
        <EmptyState
          title="No health checks"
          action={add}
          command={curl('POST', path, { name: 'nginx', check_type: 'service', service_name: 'nginx.service' })}
        >
          Nothing keeps this host from being patched while it is in trouble: without an enabled check the gate is open.
          A check asks the agent whether a systemd unit runs, or requests a URL.
        </EmptyState>
      )}
      <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
        {items.map((check) => (
          <CheckRow
            key={check.id}
            check={check}
            because={because}
            last={check.enabled && items.filter((c) => c.enabled).length === 1}
          />
        ))}
      </Stack>
      {adding && <CheckDialog hostId={host.id} onClose={dialog.close} />}
    </Section>
  );
}
