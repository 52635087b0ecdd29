import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useFocusBack } from '../lib/focusBack';
import { AllowedButton } from './AllowedButton';
import { ProblemAlert } from './ProblemAlert';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** Names what will be touched. */
  children: ReactNode;
  /** What the button does, as a verb: "Delete 3 hosts". */
  verb: string;
  danger?: boolean;
  onConfirm: () => void;
  /** Why it can not be confirmed as things are. */
  because?: string | undefined;
  pending: boolean;
  error?: unknown;
}

/** Asks before something is done that can not be undone, and names what it touches. */
export function ConfirmDialog({
  opened,
  onClose,
  title,
  children,
  verb,
  danger = true,
  onConfirm,
  because,
  pending,
  error,
}: Props) {
  useFocusBack();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      returnFocus
      // What comes of it would not be seen.
      closeOnClickOutside={!pending}
      closeOnEscape={!pending}
      closeButtonProps={{ 'aria-label': 'Close', disabled: pending }}
    >
      <Stack gap="md">
        {children}
        <ProblemAlert error={error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} disabled={pending}>
            Leave it
          </Button>
          <AllowedButton because={because} color={danger ? 'red' : undefined} onClick={onConfirm} loading={pending}>
            {verb}
          </AllowedButton>
        </Group>
      </Stack>
    </Modal>
  );
}
