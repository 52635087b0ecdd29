import { Text, Tooltip } from '@mantine/core';
import { useNow } from '../lib/now';
import { ageInWords, formatInstant, formatSpan, untilInWords } from '../lib/time';
import { useZone } from '../lib/zone';

/** A moment, in the zone that the reader chose. */
export function Instant({ at }: { at: string }) {
  const { zone } = useZone();
  return <time dateTime={at}>{formatInstant(at, zone)}</time>;
}

/** From when to when, in the zone that the reader chose. */
export function Span({ from, to }: { from: string; to: string }) {
  const { zone } = useZone();
  return <span>{formatSpan(from, to, zone)}</span>;
}

/** How long ago something was, counting; the moment itself is a hover or a tab away. */
export function Age({ at, never = 'never' }: { at: string | null | undefined; never?: string }) {
  const now = useNow();
  const { zone } = useZone();
  if (!at) return <span>{never}</span>;
  return (
    <Tooltip label={formatInstant(at, zone)}>
      <time dateTime={at}>{ageInWords(now - Date.parse(at))}</time>
    </Tooltip>
  );
}

/** How long until something is, counting down; `past` once it is. */
export function Countdown({ to, past = 'now' }: { to: string; past?: string }) {
  const now = useNow();
  const { zone } = useZone();
  const left = Date.parse(to) - now;
  return (
    <Tooltip label={formatInstant(to, zone)}>
      <Text component="time" inherit dateTime={to}>
        {untilInWords(left, past)}
      </Text>
    </Tooltip>
  );
}
