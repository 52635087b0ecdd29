import { List, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type Certificate, type Host, listHostCertificatesOptions } from '../../api';
import { adminOnly, useMe } from '../../shared/lib/me';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { Instant } from '../../shared/ui/Time';
import { RevokeDialog } from './RevokeDialog';

/** The certificates that the host was issued here, and their revocation. */
export function CertificatesPart({ host }: { host: Host }) {
  const because = adminOnly(useMe());
  const certificates = useQuery(listHostCertificatesOptions({ path: { id: host.id } }));
  const [revoking, revoke] = useDisclosure();
  const items = certificates.data?.items ?? [];
  const valid = items.filter((c) => !c.revoked_at);
  return (
    <Section
      title="Certificates"
      actions={
        <AllowedButton
          size="xs"
          variant="default"
          because={because ?? (valid.length === 0 ? 'None that is valid was issued here.' : undefined)}
          onClick={revoke.open}
        >
          Revoke
        </AllowedButton>
      }
    >
      {certificates.error && <ProblemAlert error={certificates.error} retry={() => void certificates.refetch()} />}
      {certificates.data && items.length === 0 && (
        <Text size="sm">None was issued here: the agent got its certificate elsewhere, or has not enrolled yet.</Text>
      )}
      <List size="sm" spacing={4} listStyleType="none">
        {items.map((certificate) => (
          <List.Item key={certificate.serial}>
            <One certificate={certificate} />
          </List.Item>
        ))}
      </List>
      {revoking && <RevokeDialog host={host} valid={valid} onClose={revoke.close} />}
    </Section>
  );
}

function One({ certificate: c }: { certificate: Certificate }) {
  return (
    <>
      <Text span size="sm" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
        {c.serial}
      </Text>
      <Text size="xs" c="dimmed" component="div">
        {c.expires_at ? (
          <>
            valid until <Instant at={c.expires_at} />
          </>
        ) : (
          'issued elsewhere'
        )}
        {c.revoked_at && (
          <>
            . Revoked by {c.revoked_by} <Instant at={c.revoked_at} />
            {c.revocation_reason && `: ${c.revocation_reason}`}
          </>
        )}
      </Text>
    </>
  );
}
