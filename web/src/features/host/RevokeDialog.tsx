import { List, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Certificate, type Host, listHostCertificatesQueryKey, revokeHostCertificateMutation } from '../../api';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';

interface Props {
  host: Host;
  valid: readonly Certificate[];
  onClose: () => void;
}

/** Revokes every valid certificate of a host. */
export function RevokeDialog({ host, valid, onClose }: Props) {
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const path = { id: host.id };
  const revoke = useMutation({
    ...revokeHostCertificateMutation(),
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: listHostCertificatesQueryKey({ path }) }),
  });
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Revoke the certificate of ${host.fqdn}`}
      verb="Revoke"
      onConfirm={() => revoke.mutate({ path, body: reason ? { reason } : {} })}
      pending={revoke.isPending}
      error={revoke.error}
    >
      <Text size="sm">
        From then on the manager speaks to no agent that shows one of these. The host is not patched until it has
        enrolled again.
      </Text>
      <List size="sm" ff="monospace">
        {valid.map((c) => (
          <List.Item key={c.serial} style={{ overflowWrap: 'anywhere' }}>
            {c.serial}
          </List.Item>
        ))}
      </List>
      <TextInput label="Reason" value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </ConfirmDialog>
  );
}
