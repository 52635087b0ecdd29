import type { CheckHistory, ResultsLatency } from '../../../api';

const hour = 3_600_000;

/** So many hours a history has, the one of now included. */
export const hours = 96;

/** An hour of results. */
export interface Tick {
  from: number;
  results: number;
  unhealthy: number;
  /** Undefined without results. */
  latency: ResultsLatency | undefined;
}

/** The hours up to the end of this one, the oldest first, also those without results. */
export function ticksOf(history: CheckHistory): Tick[] {
  const first = Math.floor(Date.parse(history.to) / hour) * hour - (hours - 1) * hour;
  const byStart = new Map(history.hours.map((h) => [Date.parse(h.starts_at), h]));
  return Array.from({ length: hours }, (_, i) => {
    const from = first + i * hour;
    const of = byStart.get(from);
    return {
      from,
      results: of?.results ?? 0,
      unhealthy: of ? of.results - of.healthy : 0,
      latency: of?.latency_ms ?? undefined,
    };
  });
}

/** The history in a sentence or two, which says what the picture shows. */
export function summaryOf({ results, healthy, spell_count, latency_ms }: CheckHistory): string {
  if (results === 0) return 'No results within the last 4 days.';
  const bad = results - healthy;
  const health =
    bad === 0
      ? 'all healthy'
      : `${number(bad)} not healthy, at ${spell_count === 1 ? 'one time' : `${number(spell_count)} different times`}`;
  return `${results === 1 ? '1 result' : `${number(results)} results`}, ${health}. Latency: median ${latency_ms?.median} ms, highest ${latency_ms?.max} ms.`;
}

const number = (n: number) => n.toLocaleString('en-GB');
