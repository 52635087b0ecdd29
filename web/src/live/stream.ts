import { type StreamEvent, streamEvents } from '../api';
import { session } from '../shared/lib/session';

export type StreamState = 'connecting' | 'live' | 'lost';

export interface StreamHandlers {
  onEvent: (event: StreamEvent) => void;
  /** Changes may have been missed: everything that is shown must be read anew. */
  onReset: () => void;
  onState: (state: StreamState) => void;
}

/** The server shows life every 15 s; one that is silent for this long is taken for gone. */
const silence = 40_000;
const delays = [500, 1_000, 2_000, 5_000];

/**
 * Follows the event stream from the id on until the signal aborts, over every loss of the connection: it connects again and
 * resumes behind the last message, so that nothing is missed and nothing comes twice.
 */
export async function followStream(from: string, handlers: StreamHandlers, signal: AbortSignal) {
  let lastId = from;
  let failures = 0;
  while (!signal.aborted) {
    const connection = new AbortController();
    const stop = () => connection.abort();
    signal.addEventListener('abort', stop);
    let watchdog = setTimeout(stop, silence);
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(stop, silence);
    };
    const { era } = session;
    const status = await readStream(connection.signal, lastId, {
      opened: () => {
        failures = 0;
        alive();
        handlers.onState('live');
      },
      message: (name, id, data) => {
        alive();
        lastId = id ?? lastId;
        if (name === 'reset') handlers.onReset();
        else if (data) handlers.onEvent(data);
      },
    });
    clearTimeout(watchdog);
    signal.removeEventListener('abort', stop);
    if (signal.aborted) return;
    handlers.onState('lost');
    if (status === 401) {
      if (await session.lost(era, signal)) continue;
      return;
    }
    await pause(delays[Math.min(failures++, delays.length - 1)] ?? 5_000, signal);
  }
}

interface Reader {
  opened: () => void;
  message: (name: string | undefined, id: string | undefined, data: StreamEvent | undefined) => void;
}

/** Reads one connection to its end and returns the status it was answered with, 0 where there was none. */
async function readStream(signal: AbortSignal, lastId: string, reader: Reader): Promise<number> {
  let status = 0;
  const { stream } = await streamEvents({
    signal,
    headers: { 'Last-Event-ID': lastId },
    sseMaxRetryAttempts: 1,
    fetch: async (request) => {
      const response = await fetch(request);
      status = response.status;
      if (response.ok) reader.opened();
      return response;
    },
    onSseEvent: (e) => reader.message(e.event, e.id, e.data as unknown as StreamEvent | undefined),
  });
  // The generator drives the reading; what it yields was handed over by onSseEvent already.
  for await (const _ of stream);
  return status;
}

/** Waits, or less where the browser says that it is online again. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    window.addEventListener('online', done);
    signal.addEventListener('abort', done);
  });
}
