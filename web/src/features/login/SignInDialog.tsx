import { Modal, Stack, Text } from '@mantine/core';
import { useFocusBack } from '../../shared/lib/focusBack';
import { useMe } from '../../shared/lib/me';
import { SignInForm } from './SignInForm';

/** Has somebody whose session ended sign in again over the page, and over whatever dialog is open there. */
export function SignInDialog({ onSignedIn }: { onSignedIn: () => Promise<void> }) {
  useFocusBack();
  const { name } = useMe();
  return (
    <Modal
      opened
      onClose={() => {}}
      title="Sign in"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      zIndex={350}
    >
      <Stack gap="sm">
        <Text size="sm">
          Your session ended. Sign in as {name}, and this page goes on with what you typed. For anybody else it is
          loaded anew.
        </Text>
        <SignInForm user={name} returnTo="/" apart onSignedIn={onSignedIn} />
      </Stack>
    </Modal>
  );
}
