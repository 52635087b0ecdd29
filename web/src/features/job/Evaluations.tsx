import { Accordion, List, ScrollArea, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconHelpCircle, IconLock } from '@tabler/icons-react';
import type { EvaluatedCheck, Evaluation } from '../../api';
import { formatDuration, formatInstant } from '../../shared/lib/time';
import { useZone } from '../../shared/lib/zone';
import { Section } from '../../shared/ui/Section';
import { Instant } from '../../shared/ui/Time';
import classes from './Evaluations.module.css';

const looks: Record<string, { icon: typeof IconCheck; color: string; word: string }> = {
  open: { icon: IconCheck, color: 'var(--fine)', word: 'Open' },
  open_no_checks: { icon: IconCheck, color: 'var(--fine)', word: 'Open, there is no check' },
  shut: { icon: IconLock, color: 'var(--caution)', word: 'Shut' },
};

const lookOf = (verdict: string) =>
  looks[verdict] ?? { icon: IconHelpCircle, color: 'var(--quiet)', word: verdict.replaceAll('_', ' ') };

/** Every decision of the gate: as a strip, the oldest first, and one by one, the newest first. */
export function Evaluations({ evaluations }: { evaluations: Evaluation[] }) {
  const title = `Decisions of the gate (${evaluations.length})`;
  if (evaluations.length === 0)
    return (
      <Section title={title}>
        <Text size="sm" c="dimmed">
          None yet: the checks are judged when the host may be patched.
        </Text>
      </Section>
    );
  return (
    <Section title={title}>
      <Strip evaluations={evaluations} />
      <ScrollArea.Autosize mah={340} type="auto" viewportProps={{ tabIndex: 0, 'aria-label': 'Decisions' }}>
        <Accordion variant="contained" transitionDuration={0} multiple>
          {[...evaluations].reverse().map((evaluation) => (
            <Entry key={evaluation.at} evaluation={evaluation} />
          ))}
        </Accordion>
      </ScrollArea.Autosize>
    </Section>
  );
}

function Strip({ evaluations }: { evaluations: Evaluation[] }) {
  const { zone } = useZone();
  const shut = evaluations.filter((e) => e.verdict === 'shut').length;
  return (
    <div className={classes.strip} role="img" aria-label={`${shut} of ${evaluations.length} found the gate shut`}>
      {evaluations.map((e) => {
        const look = lookOf(e.verdict);
        return (
          <Tooltip
            key={e.at}
            label={`${formatInstant(e.at, zone)}: ${look.word}. ${e.detail}`}
            events={{ hover: true, focus: false, touch: true }}
          >
            <look.icon className={classes.tick} size={14} color={look.color} aria-hidden />
          </Tooltip>
        );
      })}
    </div>
  );
}

function Entry({ evaluation }: { evaluation: Evaluation }) {
  const look = lookOf(evaluation.verdict);
  return (
    <Accordion.Item value={evaluation.at}>
      <Accordion.Control icon={<look.icon size={16} color={look.color} aria-hidden />}>
        <Text size="sm" component="div">
          <Instant at={evaluation.at} />{' '}
          <Text span inherit c={look.color} fw={500}>
            {look.word}
          </Text>
        </Text>
        <Text size="xs" c="dimmed">
          {evaluation.detail}
        </Text>
      </Accordion.Control>
      <Accordion.Panel>
        <List size="sm" spacing={4} listStyleType="none">
          {evaluation.checks.map((check) => (
            <Check key={check.check_id} check={check} />
          ))}
        </List>
        {evaluation.checks.length === 0 && <Text size="sm">The host had no check then.</Text>}
        {evaluation.next_try_at && (
          <Text size="xs" c="dimmed" component="div">
            Next try planned for <Instant at={evaluation.next_try_at} />
          </Text>
        )}
      </Accordion.Panel>
    </Accordion.Item>
  );
}

function Check({ check }: { check: EvaluatedCheck }) {
  const word = !check.enabled ? 'disabled' : check.passed ? 'passed' : (check.outcome ?? 'no result');
  const color = !check.enabled ? 'var(--quiet)' : check.passed ? 'var(--fine)' : 'var(--trouble)';
  return (
    <List.Item>
      <b>{check.name}</b>{' '}
      <Text span inherit c={color}>
        {word}
      </Text>
      {check.detail && `: ${check.detail}`}{' '}
      <Text span size="xs" c="dimmed">
        {check.age_seconds === null ? 'never checked' : `result ${formatDuration(check.age_seconds * 1000)} old`}
      </Text>
    </List.Item>
  );
}
