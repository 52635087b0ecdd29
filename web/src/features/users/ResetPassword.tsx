import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { putUserPasswordMutation, type User } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { useOutdate } from '../../shared/lib/outdate';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';

const fields = ['password'] as const;

/** Gives a user another password. */
export function ResetPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const outdate = useOutdate();
  const form = useForm({ initialValues: { password: '' } });
  const put = useMutation({
    ...putUserPasswordMutation(),
    onSuccess: () => {
      void outdate('listUsers');
      notifications.show({ message: `${user.name} has another password.` });
      onClose();
    },
    onError: besideFields(form, fields),
  });
  return (
    <FormDialog
      dirty={form.isDirty()}
      pending={put.isPending}
      onClose={onClose}
      title={`Reset the password of ${user.name}`}
    >
      <form onSubmit={form.onSubmit((body) => put.mutate({ path: { id: user.id }, body }))}>
        <Stack gap="sm">
          <ProblemAlert lines={ofTheWhole(put.error, fields)} />
          <Text size="sm">The sessions of {user.name} end. Say the new password over another way than this one.</Text>
          <PasswordInput
            label="New password"
            description="At least 12 characters"
            data-autofocus
            required
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <Group justify="flex-end">
            <Button type="submit" loading={put.isPending}>
              Set password
            </Button>
          </Group>
        </Stack>
      </form>
    </FormDialog>
  );
}
