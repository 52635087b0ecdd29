import classes from './History.module.css';
import type { Tick } from './history';

/** The median latency of each hour; what it says stands in words beside it. */
export function LatencyLine({ ticks, highest }: { ticks: readonly Tick[]; highest: number }) {
  return (
    <svg className={classes.line} viewBox={`0 0 ${ticks.length} 100`} preserveAspectRatio="none" aria-hidden>
      {stretches(ticks).map((stretch) => (
        <polyline
          key={stretch[0]?.i}
          className={classes.latency}
          points={stretch.map(({ i, latency }) => `${i},${98 - (96 * latency) / (highest || 1)}`).join(' ')}
        />
      ))}
    </svg>
  );
}

interface Point {
  i: number;
  latency: number;
}

/** The hours in a row that have results; a single one is drawn as wide as it is. */
function stretches(ticks: readonly Tick[]): Point[][] {
  const all: Point[][] = [];
  ticks.forEach((tick, i) => {
    const latency = tick.latency?.median;
    if (latency === undefined) return;
    const open = ticks[i - 1]?.latency === undefined ? undefined : all.at(-1);
    if (open) open.push({ i: i + 0.5, latency });
    else
      all.push([
        { i, latency },
        { i: i + 0.5, latency },
      ]);
  });
  return all.map((stretch) => [...stretch, { ...(stretch.at(-1) as Point), i: (stretch.at(-1) as Point).i + 0.5 }]);
}
