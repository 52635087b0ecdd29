import type { Client } from '../../api/generated/client';
import { clock } from './now';
import { Unreachable } from './problem';

/** A read that has no answer after this long has none: the one after it may have. */
const longest = 20_000;

/**
 * Has a client give up reads that are not answered, and tell what came of no answer from every other error. The event stream
 * brings a fetch of its own, and what is downloaded is the browser's: neither has an end that could be awaited.
 * What is answered also tells the server's time.
 */
export function bound(client: Client, send: typeof fetch = fetch, limit = longest) {
  client.interceptors.response.use((response) => {
    clock.see(response.headers.get('Date'));
    return response;
  });
  client.setConfig({ fetch: (request, init) => send(request, { ...init, ...inTime(request, limit) }) });
  client.interceptors.error.use((error) =>
    cameToNothing(error) ? new Unreachable('no answer', { cause: error }) : error,
  );
}

function inTime(request: RequestInfo | URL, limit: number): RequestInit {
  // Of a change nothing would be known: it is not given up.
  if (!(request instanceof Request) || request.method !== 'GET') return {};
  return { signal: AbortSignal.any([request.signal, AbortSignal.timeout(limit)]) };
}

/** Fetch fails with a TypeError for whatever comes between, also in the middle of an answer. */
const cameToNothing = (error: unknown) =>
  error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError');
