import { Button, Checkbox, Group, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { createUserMutation, type User, updateUserMutation } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { useOutdate } from '../../shared/lib/outdate';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';

const fields = ['name', 'display_name', 'password', 'admin', 'disabled'] as const;

/** Makes a user, or changes the one that is given. */
export function UserDialog({ user, onClose }: { user?: User; onClose: () => void }) {
  const outdate = useOutdate();
  const form = useForm({
    initialValues: {
      name: user?.name ?? '',
      display_name: user?.display_name ?? '',
      password: '',
      admin: user?.admin ?? false,
      disabled: user?.disabled ?? false,
    },
  });
  const done = {
    onSuccess: () => {
      void outdate('listUsers', 'listTokens', 'getMe');
      onClose();
    },
    onError: besideFields(form, fields),
  };
  const create = useMutation({ ...createUserMutation(), ...done });
  const update = useMutation({ ...updateUserMutation(), ...done });
  const sent = user ? update : create;
  const submit = form.onSubmit(({ password, disabled, ...body }) => {
    if (user) update.mutate({ path: { id: user.id }, body: { ...body, disabled } });
    else create.mutate({ body: password === '' ? body : { ...body, password } });
  });
  return (
    <FormDialog
      dirty={form.isDirty()}
      pending={sent.isPending}
      onClose={onClose}
      title={user ? `Edit ${user.name}` : 'New user'}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <ProblemAlert lines={ofTheWhole(sent.error, fields)} />
          <TextInput
            label="Name"
            description="To sign in with"
            data-autofocus
            required
            {...form.getInputProps('name')}
          />
          <TextInput label="Display name" {...form.getInputProps('display_name')} />
          {!user && (
            <PasswordInput
              label="Password"
              description="At least 12 characters; empty: no sign-in with a password"
              autoComplete="new-password"
              {...form.getInputProps('password')}
            />
          )}
          <Checkbox
            label="Administrator"
            description={
              user?.admin_by_sign_on
                ? 'By the groups at the identity provider; the next sign-on sets it again'
                : 'May do everything, in every group'
            }
            {...form.getInputProps('admin', { type: 'checkbox' })}
          />
          {user && (
            <Checkbox
              label="Disabled"
              description="Ends the sessions and stops the tokens, at once"
              {...form.getInputProps('disabled', { type: 'checkbox' })}
            />
          )}
          <Group justify="flex-end">
            <Button type="submit" loading={sent.isPending}>
              {user ? 'Save' : 'Create user'}
            </Button>
          </Group>
        </Stack>
      </form>
    </FormDialog>
  );
}
