import { stdout } from 'node:process';
import type { Page, Request } from '@playwright/test';

/** What a page was busy with and how long it let somebody wait, in milliseconds. */
export interface Measured {
  /**
   * The processor time of each task of the page, in which it answers nothing. Not the time by the clock, which on a machine
   * that is busy with something else says more of that.
   */
  tasks: number[];
  /** From a key or click to the next frame that was painted, by the clock; the browser tells of those from 16 ms on. */
  interactions: number[];
  /** What was asked of the API meanwhile, as method and path without ids. */
  requests: string[];
}

/** Begins to measure a page, one at a time, and returns what ends it. */
export async function measure(page: Page): Promise<() => Promise<Measured>> {
  const browser = page.context().browser();
  if (!browser) throw new Error('the page has no browser of its own');
  const requests: string[] = [];
  const count = (request: Request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/api/')) requests.push(`${request.method()} ${pathname.replace(/[0-9a-f-]{36}/g, 'ID')}`);
  };
  page.on('request', count);
  await page.evaluate(observeInteractions);
  await browser.startTracing(page, { categories: ['toplevel'] });
  return async () => {
    page.off('request', count);
    const interactions = await page.evaluate(() => [...interactionsSeen.values()]);
    return { tasks: tasksOf(await browser.stopTracing()), interactions, requests };
  };
}

/** In the page: by interaction how long it took. */
declare let interactionsSeen: Map<number, number>;

function observeInteractions() {
  const seen = new Map<number, number>();
  Object.assign(globalThis, { interactionsSeen: seen });
  new PerformanceObserver((list) => {
    for (const { interactionId, duration } of list.getEntries() as PerformanceEventTiming[])
      if (interactionId) seen.set(interactionId, Math.max(duration, seen.get(interactionId) ?? 0));
  }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
}

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Microseconds of processor time. */
  tdur?: number;
  args: { name?: string };
}

/** How long the tasks of the threads were that pages run on. */
function tasksOf(trace: Buffer): number[] {
  const { traceEvents: events } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const thread = (e: TraceEvent) => `${e.pid}/${e.tid}`;
  const pages = new Set(events.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map(thread));
  const tasks = events.filter((e) => e.name === 'ThreadControllerImpl::RunTask' && pages.has(thread(e)));
  if (tasks.length === 0) throw new Error('the browser traced no task');
  return tasks.map((e) => (e.tdur ?? 0) / 1000);
}

/** The value below which the share of them lies; 0 where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export const most = (values: readonly number[]) => Math.max(0, ...values);

/** How often each of them is there. */
export function counts(values: readonly string[]): Record<string, number> {
  const by: Record<string, number> = {};
  for (const value of values) by[value] = (by[value] ?? 0) + 1;
  return by;
}

/** Prints figures, which is what the tests with bounds are run for besides. */
export function print(what: string, figures: Record<string, unknown>) {
  const text = Object.entries(figures).map(([name, value]) => {
    const shown = typeof value === 'number' ? Math.round(value * 10) / 10 : JSON.stringify(value);
    return `${name} ${shown}`;
  });
  stdout.write(`\n  ${what}: ${text.join(', ')}\n`);
}
