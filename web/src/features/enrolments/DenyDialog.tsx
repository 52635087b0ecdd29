import { Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { denyEnrolmentMutation, type Enrolment } from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { Machine } from './Machine';

/** Refuses a machine a certificate. */
export function DenyDialog({ enrolment, onClose }: { enrolment: Enrolment; onClose: () => void }) {
  const outdate = useOutdate();
  const deny = useMutation({
    ...denyEnrolmentMutation(),
    onSuccess: () => {
      void outdate('listEnrolments');
      onClose();
    },
  });
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Deny ${enrolment.fqdn}?`}
      verb="Deny"
      pending={deny.isPending}
      error={deny.error}
      onConfirm={() => deny.mutate({ path: { id: enrolment.id } })}
    >
      <Machine enrolment={enrolment} />
      <Text size="sm">It gets no certificate by this request. It may ask again.</Text>
    </ConfirmDialog>
  );
}
