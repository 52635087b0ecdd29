import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useFocusBack } from '../lib/focusBack';

interface Props {
  title: string;
  onClose: () => void;
  /** Whether something was typed or chosen that would be lost. */
  dirty: boolean;
  /** Whether what was sent is not answered yet: the answer would be lost. */
  pending: boolean;
  size?: string;
  withCloseButton?: boolean;
  children: ReactNode;
}

/** Asks for something. A click beside it or Escape closes it only while nothing would be lost by that. */
export function FormDialog({ title, onClose, dirty, pending, size = 'md', withCloseButton = true, children }: Props) {
  useFocusBack();
  const free = !dirty && !pending;
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={size}
      withCloseButton={withCloseButton}
      closeOnClickOutside={free}
      closeOnEscape={free}
      closeButtonProps={{ 'aria-label': 'Close', disabled: pending }}
    >
      {children}
    </Modal>
  );
}
