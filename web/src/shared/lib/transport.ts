import type { Client } from '../../api/generated/client';
import { clock } from './now';
import { SignedOut, Unreachable } from './problem';
import { type Session, session as theSession } from './session';

/** A read that has no answer after this long has none: the one after it may have. */
const longest = 20_000;

interface Options {
  send?: typeof fetch;
  limit?: number;
  session?: Session;
}

/**
 * Has a client give up reads that are not answered, and tell what came of no answer from every other error. Where the session
 * ended, reads wait until it is taken up again, so that what is shown stays, and changes fail. The event stream brings a fetch
 * of its own, and what is downloaded is the browser's: neither has an end that could be awaited. What is answered also tells
 * the server's time.
 */
export function bound(client: Client, { send = fetch, limit = longest, session = theSession }: Options = {}) {
  client.interceptors.response.use((response) => {
    clock.see(response.headers.get('Date'));
    return response;
  });
  client.setConfig({
    fetch: (request, init) => {
      if (!(request instanceof Request)) return send(request, init);
      return reads(request) ? read(request, { send, limit, session }) : change(request, { send, session });
    },
  });
  client.interceptors.error.use((error) =>
    cameToNothing(error) ? new Unreachable('no answer', { cause: error }) : error,
  );
}

/** Previews only read, though by POST since what they ask is a body. */
const reads = ({ method, url }: Request) =>
  method === 'GET' || (method === 'POST' && new URL(url).pathname.endsWith('/preview'));

async function read(request: Request, { send, limit, session }: Required<Options>): Promise<Response> {
  for (;;) {
    const { era } = session;
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(limit)]);
    const response = await send(request.clone(), { signal });
    if (response.status !== 401 || !(await session.lost(era, request.signal))) return response;
  }
}

/** Of a change that is not answered nothing would be known: it is not given up. Nor is it sent twice, as it may be late by then. */
async function change(request: Request, { send, session }: Pick<Required<Options>, 'send' | 'session'>) {
  const { era } = session;
  const before = session.hasEnded();
  const response = await send(request);
  // While it is known that the session ended, what is answered so is signing in.
  if (response.status === 401 && !before && session.end(era)) throw new SignedOut('the session ended');
  return response;
}

/** Fetch fails with a TypeError for whatever comes between, also in the middle of an answer. */
const cameToNothing = (error: unknown) =>
  error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError');
