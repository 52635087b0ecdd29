import { Button, Divider, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { listSignInMethodsOptions, loginMutation } from '../../api';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';

const methodWord = (name: string) => (name === 'oidc' ? 'single sign-on' : name);

interface Props {
  /** Who is likely to sign in. */
  user?: string;
  /** The path that another method than the password leads back to. */
  returnTo: string;
  /** Whether another method is gone through in a tab of its own, since this page stays. */
  apart?: boolean;
  /** What is to be said until something else is. */
  before?: string | undefined;
  onSignedIn: () => void | Promise<void>;
}

/** Signs somebody in by the password, or leads to the other methods that there are. */
export function SignInForm({ user = '', returnTo, apart, before, onSignedIn }: Props) {
  const methods = useQuery(listSignInMethodsOptions());
  const form = useForm({ initialValues: { user, password: '' } });
  const login = useMutation({ ...loginMutation(), onSuccess: onSignedIn });
  const others = methods.data?.items.filter((m) => m.name !== 'password') ?? [];
  return (
    <>
      <form onSubmit={form.onSubmit((body) => login.mutate({ body }))}>
        <Stack gap="sm">
          {before && !login.error && <ProblemAlert lines={[before]} />}
          <ProblemAlert error={login.error} />
          <TextInput
            label="User name"
            required
            autoFocus={!user}
            autoComplete="username"
            {...form.getInputProps('user')}
          />
          <PasswordInput
            label="Password"
            required
            data-autofocus={user ? true : undefined}
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
          href={`${method.url}?return_to=${encodeURIComponent(returnTo)}`}
          {...(apart ? { target: '_blank' } : {})}
        >
          Sign in with {methodWord(method.name)}
        </Button>
      ))}
      {apart && others.length > 0 && (
        <Text size="xs" c="dimmed" mt={4}>
          It opens another tab, and this page goes on once you are signed in there.
        </Text>
      )}
    </>
  );
}
