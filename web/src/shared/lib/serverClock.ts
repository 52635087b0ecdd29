// A Date header counts whole seconds, and answers take their time: less than this is no difference.
const noise = 2_000;
/** What a reader is told of. */
const notable = 30_000;

/** Follows the server's clock by the Date of its answers. */
export class ServerClock {
  private behind: number | undefined;

  /** Takes the Date header of an answer that came just now. */
  see(date: string | null) {
    const sample = Date.parse(date ?? '') + 500 - Date.now();
    if (Number.isNaN(sample)) return;
    // One of the two clocks was set, or nothing is known yet; all else is smoothed.
    const jumped = this.behind === undefined || Math.abs(sample - this.behind) > 5_000;
    this.behind = jumped ? sample : (this.behind ?? 0) * 0.8 + sample * 0.2;
  }

  now(): number {
    const behind = this.behind ?? 0;
    return Date.now() + (Math.abs(behind) < noise ? 0 : Math.round(behind));
  }

  /** By how many milliseconds this computer is ahead of the server, rounded for people; 0 where it is not worth a word. */
  ahead(): number {
    const ahead = -(this.behind ?? 0);
    if (Math.abs(ahead) < notable) return 0;
    const unit = Math.abs(ahead) < 120_000 ? 1_000 : 60_000;
    return Math.round(ahead / unit) * unit;
  }
}
