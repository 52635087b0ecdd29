import { expect, test } from 'vitest';
import { stepsOf } from './steps';

const at = (second: number) => `2026-11-26T16:14:${String(second).padStart(2, '0')}Z`;
const ms = (second: number) => Date.parse(at(second));
const brief = (steps: ReturnType<typeof stepsOf>) =>
  steps.map((s) => [s.name, (s.from - ms(0)) / 1000, (s.to - ms(0)) / 1000, s.current]);

test('each step ends where the next begins, and the last where the host ended', () => {
  const times = {
    succeeded: at(36),
    applying: at(31),
    queued: at(29),
    waiting_health_check: at(30),
    running: at(31),
    dispatching: at(31),
    verifying: at(35),
  };
  expect(brief(stepsOf({ times, status: 'succeeded', phase: null }, ms(59)))).toEqual([
    ['queued', 29, 30, false],
    ['waiting_health_check', 30, 31, false],
    ['dispatching', 31, 31, false],
    ['applying', 31, 35, false],
    ['verifying', 35, 36, false],
  ]);
});

test('the last step of a host that has not ended lasts until now', () => {
  const times = { queued: at(1), waiting_health_check: at(2) };
  expect(brief(stepsOf({ times, status: 'waiting_health_check', phase: null }, ms(20))).at(-1)).toEqual([
    'waiting_health_check',
    2,
    20,
    true,
  ]);
});

test('a host that went back to the gate is shown there', () => {
  const times = { queued: at(1), waiting_health_check: at(2), waiting_slot: at(3) };
  const steps = stepsOf({ times, status: 'waiting_health_check', phase: null }, ms(20));
  expect(steps.map((s) => s.name)).toEqual(['queued', 'waiting_health_check', 'waiting_health_check']);
});

test('a phase that is not known yet is a step like any other', () => {
  const times = { queued: at(1), running: at(2), quiescing: at(2) };
  const steps = stepsOf({ times, status: 'running', phase: 'quiescing' }, ms(5));
  expect(brief(steps).at(-1)).toEqual(['quiescing', 2, 5, true]);
});
