import { lazyRouteComponent } from '@tanstack/react-router';
import { Unreachable } from '../shared/lib/problem';

/**
 * A page whose code is loaded when it is first shown. A browser does not ask again for code that it could not load, so that only
 * loading the whole document anew would help, which the router does; that takes along what is shown and typed. So the server is
 * asked first whether it is there, but for the first page, which comes right after the document.
 */
export function lazyPage<T extends Record<string, unknown>, K extends keyof T>(load: () => Promise<T>, name: K) {
  return lazyRouteComponent(() => loadFromServer(load), name);
}

let loadedBefore = false;

async function loadFromServer<T>(load: () => Promise<T>): Promise<T> {
  if (loadedBefore) {
    const answer = await fetch('/healthz').catch(() => undefined);
    if (!answer?.ok) throw new Unreachable('the server is away');
  }
  const page = await load();
  loadedBefore = true;
  return page;
}
