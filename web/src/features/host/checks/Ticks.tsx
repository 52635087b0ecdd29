import { formatInstant } from '../../../shared/lib/time';
import { useZone } from '../../../shared/lib/zone';
import classes from './History.module.css';
import type { Tick } from './history';

/** Four days as a strip of an hour a tick: low where all was healthy, high where something was not, a dash without results. */
export function Ticks({ ticks, label }: { ticks: readonly Tick[]; label: string }) {
  const { zone } = useZone();
  return (
    <svg
      className={classes.strip}
      viewBox={`0 0 ${ticks.length} 24`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {ticks.map((tick, i) => (
        <rect key={tick.from} x={i + 0.12} width={0.76} {...looks(tick)}>
          <title>
            {formatInstant(new Date(tick.from), zone)}: {words(tick)}
          </title>
        </rect>
      ))}
    </svg>
  );
}

function looks({ results, unhealthy }: Tick) {
  if (results === 0) return { y: 22, height: 2, className: classes.nothing };
  if (unhealthy > 0) return { y: 0, height: 24, className: classes.trouble };
  return { y: 14, height: 10, className: classes.fine };
}

function words({ results, unhealthy, latency }: Tick): string {
  if (results === 0) return 'no results';
  return `${unhealthy > 0 ? `${unhealthy} of ${results} not healthy` : `${results} healthy`}, ${latency?.min} to ${latency?.max} ms`;
}
