import { lazy, Suspense, useCallback, useEffect, useSyncExternalStore } from 'react';
import { getMe } from '../../api';
import { useMe } from '../../shared/lib/me';
import { queryClient } from '../../shared/lib/queryClient';
import { session } from '../../shared/lib/session';

const SignInDialog = lazy(async () => ({ default: (await import('../../features/login/SignInDialog')).SignInDialog }));

/** Tells the id of whoever signed in, and of nobody once somebody signed out. */
const channel = 'signed-in';

/** Tells all tabs of this browser, also this one, who is signed in by now. */
export function tellTabs(id: string) {
  const tabs = new BroadcastChannel(channel);
  tabs.postMessage(id);
  tabs.close();
}

// Each open dialog listens to the window for Escape, so this does before any of them.
window.addEventListener('keydown', (e) => e.key === 'Escape' && session.hasEnded() && e.stopImmediatePropagation(), {
  capture: true,
});

/**
 * Asks for another sign-in where the session ends, and has the page go on after it. Whoever signs in tells the other tabs of
 * this browser, which share the session: they go on too. A page of somebody else is loaded anew, as is one of whoever signs out.
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
    tellTabs(now.id);
  }, []);
  return <Suspense>{ended && <SignInDialog onSignedIn={signedIn} />}</Suspense>;
}

/** Goes on where the same user is signed in. What was sent before may be refused after that, so it is told in any case. */
function goOn(was: string, is: string) {
  if (is !== was) return location.reload();
  if (session.resume()) void queryClient.invalidateQueries();
}
