import { Group, Text, Tooltip } from '@mantine/core';
import type { JobHost } from '../../api';
import { useNow } from '../../shared/lib/now';
import { formatDuration } from '../../shared/lib/time';
import { type Step, stepsOf, stepWord } from './steps';
import classes from './Timeline.module.css';

const look = (name: string) => classes[name] ?? classes.unknown;

/** Longer steps are wider, but a short one between long ones stays to be seen: by the square root of the time. */
const share = (step: Step) => Math.max(0.3, Math.sqrt((step.to - step.from) / 1000));

const inWords = (step: Step) => `${stepWord(step.name)} ${formatDuration(step.to - step.from)}`;

/** The way of a host through its job as a bar; in words for whoever does not see it. */
export function Timeline({ host }: { host: JobHost }) {
  const now = useNow();
  const steps = stepsOf(host, now);
  const words = steps.map(inWords).join(', ');
  return (
    <Tooltip label={words}>
      <div className={classes.bar} role="img" aria-label={words}>
        {steps.map((step) => (
          <div
            key={`${step.name} ${step.from}`}
            className={`${classes.step} ${look(step.name)}`}
            style={{ '--share': share(step) } as React.CSSProperties}
          />
        ))}
      </div>
    </Tooltip>
  );
}

const known = ['waiting_window', 'waiting_health_check', 'waiting_slot', 'applying', 'rebooting', 'verifying'] as const;

/** What the pieces of the bars mean. */
export function TimelineLegend() {
  return (
    <Group gap="md" visibleFrom="sm" aria-label="What the bars mean" role="group">
      {known.map((name) => (
        <Group key={name} gap={6} wrap="nowrap">
          <span className={`${classes.swatch} ${look(name)}`} aria-hidden />
          <Text size="xs" c="dimmed">
            {stepWord(name)}
          </Text>
        </Group>
      ))}
    </Group>
  );
}

/** The steps of one host one by one, each with how long it took. */
export function TimelineSteps({ host }: { host: JobHost }) {
  const now = useNow();
  return (
    <Group gap="md" component="ol" p={0} m={0}>
      {stepsOf(host, now).map((step) => (
        <Group key={`${step.name} ${step.from}`} gap={6} wrap="nowrap" component="li">
          <span className={`${classes.swatch} ${look(step.name)}`} aria-hidden />
          <Text size="xs" fw={step.current ? 600 : undefined}>
            {inWords(step)}
          </Text>
        </Group>
      ))}
    </Group>
  );
}
