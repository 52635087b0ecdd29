import { expect, test, vi } from 'vitest';
import { Batcher } from './batch';

const event = (subject_id: string) => ({ kind: 'host.changed', subject_id, at: '2026-11-26T14:00:00Z' });

test('the first event is handed over at once, those that come meanwhile together, and none is lost', async () => {
  vi.useFakeTimers();
  const batches: string[][] = [];
  let finish = () => {};
  const batcher = new Batcher((events) => {
    batches.push(events.map((e) => e.subject_id));
    return new Promise<void>((done) => {
      finish = done;
    });
  }, 100);
  batcher.add(event('a'));
  expect(batches).toEqual([['a']]);
  for (const s of ['b', 'c']) batcher.add(event(s));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(batches).toEqual([['a']]);
  finish();
  await vi.advanceTimersByTimeAsync(99);
  expect(batches).toEqual([['a']]);
  await vi.advanceTimersByTimeAsync(1);
  expect(batches).toEqual([['a'], ['b', 'c']]);
  finish();
  await vi.advanceTimersByTimeAsync(100);
  batcher.add(event('d'));
  expect(batches).toEqual([['a'], ['b', 'c'], ['d']]);
  vi.useRealTimers();
});

test('a batch that fails does not end the others', async () => {
  vi.useFakeTimers();
  const handled: string[] = [];
  const batcher = new Batcher((events) => {
    handled.push(...events.map((e) => e.subject_id));
    return Promise.reject(new Error('no answer'));
  }, 10);
  batcher.add(event('a'));
  batcher.add(event('b'));
  await vi.advanceTimersByTimeAsync(50);
  expect(handled).toEqual(['a', 'b']);
  vi.useRealTimers();
});

test('a batch that is never done does not end the others', async () => {
  vi.useFakeTimers();
  const handled: string[] = [];
  const batcher = new Batcher(
    (events) => {
      handled.push(...events.map((e) => e.subject_id));
      return new Promise(() => {});
    },
    10,
    1_000,
  );
  batcher.add(event('a'));
  batcher.add(event('b'));
  await vi.advanceTimersByTimeAsync(1_009);
  expect(handled).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(1);
  expect(handled).toEqual(['a', 'b']);
  vi.useRealTimers();
});
