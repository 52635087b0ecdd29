import { useSyncExternalStore } from 'react';
import { ServerClock } from './serverClock';

// One clock for the whole page: everything that counts ticks together, by the server's time whatever this computer shows.
export const clock = new ServerClock();

let now = clock.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick() {
  now = clock.now();
  for (const l of listeners) l();
}

export function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(tick, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time of the last tick; while nobody listened there was none. */
export function lastTick(): number {
  const real = clock.now();
  if (Math.abs(real - now) > 1_000) now = real;
  return now;
}

/** The time in milliseconds, anew every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, lastTick);
}

/** By how many milliseconds this computer's clock is ahead of the server's, where that matters to a reader; else 0. */
export function useClockAhead(): number {
  return useSyncExternalStore(subscribe, () => clock.ahead());
}
