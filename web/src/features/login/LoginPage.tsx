import { useRouter, useSearch } from '@tanstack/react-router';
import { queryClient } from '../../shared/lib/queryClient';
import { SignInForm } from './SignInForm';
import { signOnWords } from './signOn';
import { Welcome } from './Welcome';

export function LoginPage() {
  const { return_to = '/', sign_on } = useSearch({ from: '/login' });
  const router = useRouter();
  return (
    <Welcome title="Sign in">
      <SignInForm
        returnTo={return_to}
        before={sign_on && signOnWords(sign_on)}
        onSignedIn={() => {
          queryClient.clear();
          router.history.push(return_to);
        }}
      />
    </Welcome>
  );
}
