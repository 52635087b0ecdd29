import { Highlight } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { LogLine } from '../../../api';
import classes from './LogLines.module.css';

interface Props {
  lines: LogLine[];
  q: string;
  wrap: boolean;
  follow: boolean;
  /** Somebody scrolled away from the end. */
  onLeave: () => void;
}

/** Lines of output, of which only those in view are in the page. */
export function LogLines({ lines, q, wrap, follow, onLeave }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 19,
    overscan: 20,
    getItemKey: (i) => lines[i]?.seq ?? i,
  });
  const last = lines.length - 1;
  useEffect(() => {
    if (follow && last >= 0) virtual.scrollToIndex(last, { align: 'end' });
  }, [follow, last, virtual]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every height is another where lines are wrapped or not
  useEffect(() => virtual.measure(), [wrap]);
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      data-wrap={wrap || undefined}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
      role="log"
      aria-label="Output of the host"
      aria-live="off"
      onWheel={(e) => e.deltaY < 0 && onLeave()}
      onKeyDown={(e) => ['ArrowUp', 'PageUp', 'Home'].includes(e.key) && onLeave()}
    >
      <div className={classes.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          return (
            <div
              key={item.key}
              data-index={item.index}
              ref={virtual.measureElement}
              className={classes.line}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <span className={classes.number} aria-hidden>
                {line.seq + 1}
              </span>
              <Highlight highlight={q} inherit component="span" className={classes.text}>
                {line.line || ' '}
              </Highlight>
            </div>
          );
        })}
      </div>
    </div>
  );
}
