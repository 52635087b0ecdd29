import { lazyRouteComponent } from '@tanstack/react-router';
import { Unreachable } from '../shared/lib/problem';

/**
 * A page whose code is loaded when it is first shown. The router loads the whole document anew where the code is not there,
 * since a newer version may have taken its place. While the server is away that would only take along what is shown and
 * typed, so that it is said instead.
 */
export function lazyPage<T extends Record<string, unknown>, K extends keyof T>(load: () => Promise<T>, name: K) {
  return lazyRouteComponent(() => load().catch(unlessAway), name);
}

async function unlessAway(error: unknown): Promise<never> {
  const answer = await fetch('/healthz').catch(() => undefined);
  if (!answer?.ok) throw new Unreachable('the server is away');
  throw error;
}
