import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { clock, lastTick, subscribe } from './now';
import { ServerClock } from './serverClock';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-26T14:00:00.500Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const date = (ahead = 0) => new Date(Date.now() + ahead).toUTCString();

test("the time is the server's, and what its header leaves open changes nothing", () => {
  const of = new ServerClock();
  of.see(date(1_000));
  expect(of.now()).toBe(Date.now());
  of.see(date(-3_600_000));
  expect(of.now()).toBe(Date.now() - 3_600_000);
  of.see(date(-3_601_000));
  expect(of.now()).toBe(Date.now() - 3_600_200);
  of.see(date());
  expect(of.now()).toBe(Date.now());
  for (const none of [null, '', 'soon']) of.see(none);
  expect(of.now()).toBe(Date.now());
});

test('a reader is told of a clock that is more than 30 s off, in round figures', () => {
  const of = new ServerClock();
  of.see(date(-30_000));
  of.see(date(29_000));
  expect(of.ahead()).toBe(0);
  of.see(date(-3_601_000));
  expect(of.ahead()).toBe(3_600_000);
  of.see(date(45_000));
  expect(of.ahead()).toBe(-45_000);
});

test('the time is right also where nobody listened for a while', () => {
  const stop = subscribe(() => {});
  vi.advanceTimersByTime(3_000);
  expect(lastTick()).toBe(Date.now());
  stop();
  vi.advanceTimersByTime(60_000);
  expect(lastTick()).toBe(Date.now());
});

test('the time ticks by the server', () => {
  const ticks: number[] = [];
  const stop = subscribe(() => ticks.push(lastTick()));
  clock.see(date(-60_000));
  vi.advanceTimersByTime(2_000);
  expect(ticks).toEqual([Date.now() - 61_000, Date.now() - 60_000]);
  clock.see(date());
  stop();
});
