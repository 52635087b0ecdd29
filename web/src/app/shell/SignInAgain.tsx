import { lazy, Suspense, useCallback, useEffect, useSyncExternalStore } from 'react';
import { getMe } from '../../api';
import { useMe } from '../../shared/lib/me';
import { queryClient } from '../../shared/lib/queryClient';
import { session } from '../../shared/lib/session';

const SignInDialog = lazy(async () => ({ default: (await import('../../features/login/SignInDialog')).SignInDialog }));

/** Tells the id of whoever signed in. */
const channel = 'signed-in';

/**
 * Asks for another sign-in where the session ends, and has the page go on after it. Whoever signs in tells the other tabs of
 * this browser, which share the session: they go on too. A page of somebody else is loaded anew.
 */
export function SignInAgain() {
  const { id } = useMe();
  const ended = useSyncExternalStore(session.subscribe, session.hasEnded);
  useEffect(() => session.begin(), []);
  useEffect(() => {
    const tabs = new BroadcastChannel(channel);
    tabs.onmessage = ({ data }) => goOn(id, data);
    tabs.postMessage(id);
    return () => tabs.close();
  }, [id]);
  const signedIn = useCallback(async () => {
    const { data: now } = await getMe({ throwOnError: true });
    const tabs = new BroadcastChannel(channel);
    tabs.postMessage(now.id); // to this tab, too
    tabs.close();
  }, []);
  return <Suspense>{ended && <SignInDialog onSignedIn={signedIn} />}</Suspense>;
}

/** Goes on where the same user is signed in. */
function goOn(was: string, is: string) {
  if (is !== was) return location.reload();
  if (!session.hasEnded()) return;
  session.resume();
  void queryClient.invalidateQueries();
}
