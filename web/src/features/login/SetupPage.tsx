import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { loginMutation, setUpMutation } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { queryClient } from '../../shared/lib/queryClient';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Welcome } from './Welcome';

const fields = ['code', 'user', 'password'] as const;

/** Makes the first administrator of a new installation. */
export function SetupPage() {
  const router = useRouter();
  const form = useForm({ initialValues: { code: '', user: '', password: '' } });
  const login = useMutation({
    ...loginMutation(),
    onSuccess: () => {
      queryClient.clear();
      router.history.push('/');
    },
    onError: () => router.history.push('/login'), // the administrator is made, and signs in there
  });
  const setUp = useMutation({
    ...setUpMutation(),
    onSuccess: () => login.mutate({ body: { user: form.values.user, password: form.values.password } }),
    onError: besideFields(form, fields),
  });
  return (
    <Welcome title="First administrator">
      <form onSubmit={form.onSubmit((body) => setUp.mutate({ body }))}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            The code was printed when the API started for the first time; it holds for 24 hours.
          </Text>
          <ProblemAlert lines={ofTheWhole(setUp.error, fields)} />
          <TextInput label="Setup code" required autoFocus autoComplete="off" {...form.getInputProps('code')} />
          <TextInput label="User name" required autoComplete="username" {...form.getInputProps('user')} />
          <PasswordInput label="Password" required autoComplete="new-password" {...form.getInputProps('password')} />
          <Button type="submit" loading={setUp.isPending} fullWidth>
            Make the administrator
          </Button>
        </Stack>
      </form>
    </Welcome>
  );
}
