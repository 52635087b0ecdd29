import { Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { listSignInMethodsOptions, loginMutation } from '../../api';
import { queryClient } from '../../shared/lib/queryClient';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { signOnWords } from './signOn';
import { Welcome } from './Welcome';

const methodWord = (name: string) => (name === 'oidc' ? 'single sign-on' : name);

export function LoginPage() {
  const { return_to = '/', sign_on } = useSearch({ from: '/login' });
  const router = useRouter();
  const methods = useQuery(listSignInMethodsOptions());
  const form = useForm({ initialValues: { user: '', password: '' } });
  const login = useMutation({
    ...loginMutation(),
    meta: { signIn: true },
    onSuccess: () => {
      queryClient.clear();
      router.history.push(return_to);
    },
  });
  const others = methods.data?.items.filter((m) => m.name !== 'password') ?? [];
  return (
    <Welcome title="Sign in">
      <form onSubmit={form.onSubmit((body) => login.mutate({ body }))}>
        <Stack gap="sm">
          {sign_on && !login.error && <ProblemAlert lines={[signOnWords(sign_on)]} />}
          <ProblemAlert error={login.error} />
          <TextInput label="User name" required autoFocus autoComplete="username" {...form.getInputProps('user')} />
          <PasswordInput
            label="Password"
            required
            autoComplete="current-password"
            {...form.getInputProps('password')}
          />
          <Button type="submit" loading={login.isPending} fullWidth>
            Sign in
          </Button>
        </Stack>
      </form>
      {others.length > 0 && <Divider my="md" label="or" />}
      {others.map((method) => (
        <Button
          key={method.url}
          variant="default"
          fullWidth
          component="a"
          href={`${method.url}?return_to=${encodeURIComponent(return_to)}`}
        >
          Sign in with {methodWord(method.name)}
        </Button>
      ))}
    </Welcome>
  );
}
