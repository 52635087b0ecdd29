import type { CheckResult, CheckResultList } from '../../../api';

const hour = 3_600_000;

/** How long results are kept. */
export const kept = 96 * hour;

/** So many pages of 200 are read at most: 4 days of a check every 5 minutes are 6. */
const maxPages = 20;

type ReadPage = (query: { from: string; limit: number; cursor?: string }) => Promise<CheckResultList>;

/** The results of 4 days, the newest first; of those that are known already only what came since is read. */
export async function readHistory(read: ReadPage, known: readonly CheckResult[], now: number): Promise<CheckResult[]> {
  const oldest = now - kept;
  // A minute back: two that were stored at once may have been seen in part.
  const from = known[0] ? Math.max(oldest, Date.parse(known[0].checked_at) - 60_000) : oldest;
  const fresh: CheckResult[] = [];
  let cursor: string | undefined;
  for (let n = 0; n < maxPages; n++) {
    const page = await read({ from: new Date(from).toISOString(), limit: 200, ...(cursor ? { cursor } : {}) });
    fresh.push(...page.items);
    cursor = page.next_cursor ?? undefined;
    if (!cursor) break;
  }
  const seen = new Set(fresh.map((r) => r.checked_at));
  const rest = cursor ? [] : known.filter((r) => !seen.has(r.checked_at) && Date.parse(r.checked_at) > oldest);
  return [...fresh, ...rest].slice(0, maxPages * 200);
}

/** An hour of results. */
export interface Tick {
  from: number;
  results: number;
  unhealthy: number;
  /** The median in milliseconds; undefined without results. */
  latency: number | undefined;
}

/** The 96 hours up to the end of this one, the oldest first. */
export function ticksOf(results: readonly CheckResult[], now: number): Tick[] {
  const end = Math.ceil((now + 1) / hour) * hour;
  const hours = Array.from({ length: kept / hour }, (): CheckResult[] => []);
  for (const result of results)
    hours[hours.length - 1 - Math.floor((end - 1 - Date.parse(result.checked_at)) / hour)]?.push(result);
  return hours.map((of, i) => ({
    from: end - kept + i * hour,
    results: of.length,
    unhealthy: of.filter((r) => !r.healthy).length,
    latency: median(of.map((r) => r.latency_ms)),
  }));
}

/** A time in which no result was healthy. */
export interface Spell {
  from: string;
  /** The first healthy result after it; null while it lasts. */
  to: string | null;
  results: number;
  /** What the last result of it said. */
  detail: string;
}

/** The times in which it was not healthy, the latest first. */
export function spellsOf(results: readonly CheckResult[]): Spell[] {
  const spells: Spell[] = [];
  let later: CheckResult | undefined;
  for (const result of results) {
    const open = later && !later.healthy ? spells.at(-1) : undefined;
    if (!result.healthy && open) Object.assign(open, { from: result.checked_at, results: open.results + 1 });
    else if (!result.healthy)
      spells.push({ from: result.checked_at, to: later?.checked_at ?? null, results: 1, detail: result.detail });
    later = result;
  }
  return spells;
}

/** The history in a sentence or two, which says what the picture shows. */
export function summaryOf(results: readonly CheckResult[]): string {
  if (results.length === 0) return 'No results within the last 4 days.';
  const bad = results.filter((r) => !r.healthy).length;
  const spells = spellsOf(results).length;
  const latencies = results.map((r) => r.latency_ms);
  const health =
    bad === 0 ? 'all healthy' : `${bad} not healthy, at ${spells === 1 ? 'one time' : `${spells} different times`}`;
  const highest = latencies.reduce((a, b) => Math.max(a, b), 0);
  return `${count(results.length)}, ${health}. Latency: median ${median(latencies)} ms, highest ${highest} ms.`;
}

const count = (n: number) => (n === 1 ? '1 result' : `${n.toLocaleString('en-GB')} results`);

export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
