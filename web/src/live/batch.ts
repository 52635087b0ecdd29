import type { LiveEvent } from './affected';

/**
 * Hands events over in batches: the first at once, the following ones together, and the next batch no sooner than a while
 * after what the last one led to is done. So a single change is seen at once, and a flood of them costs no more than one
 * reading after the other. A reading that is not answered holds up the next one for a bounded time only.
 */
export class Batcher {
  private waiting: LiveEvent[] = [];
  private busy = false;

  constructor(
    private readonly handle: (events: LiveEvent[]) => Promise<unknown>,
    private readonly rest = 300,
    private readonly longest = 10_000,
  ) {}

  add(event: LiveEvent) {
    this.waiting.push(event);
    if (!this.busy) void this.run();
  }

  private async run() {
    this.busy = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      // A reading that failed shows its problem where it is shown.
      await Promise.race([this.handle(batch).catch(() => undefined), pause(this.longest)]);
      await pause(this.rest);
    }
    this.busy = false;
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
