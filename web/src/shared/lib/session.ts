type State = 'none' | 'open' | 'ended';

/**
 * The session of whoever is signed in. It may end while a page is open, and is taken up again over the page, so that nothing
 * that was typed there is lost.
 */
export class Session {
  /** Counts how often it was taken up again: what was sent before says nothing of the session that is. */
  era = 0;
  private state: State = 'none';
  private readonly listeners = new Set<() => void>();

  /** Somebody is signed in until what is returned is called. */
  begin(): () => void {
    this.become('open');
    return () => this.become('none');
  }

  /** The server did not know the session for what was sent in an era; returns whether somebody was signed in then. */
  end(era: number): boolean {
    if (era === this.era && this.state === 'open') this.become('ended');
    return this.state !== 'none';
  }

  /** Somebody signed in again, here or in another tab; returns whether it was known to have ended. */
  resume(): boolean {
    const ended = this.hasEnded();
    this.era++;
    if (ended) this.become('open');
    return ended;
  }

  /** Ends it, and waits until it is taken up again; false where it will not be, or nobody waits any more. */
  lost(era: number, signal: AbortSignal): Promise<boolean> {
    this.end(era);
    return new Promise((resolve) => {
      const look = () => {
        if (this.state === 'ended' && !signal.aborted) return;
        unsubscribe();
        signal.removeEventListener('abort', look);
        resolve(this.state === 'open' && !signal.aborted);
      };
      const unsubscribe = this.subscribe(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  hasEnded = () => this.state === 'ended';

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  private become(state: State) {
    this.state = state;
    for (const listener of [...this.listeners]) listener();
  }
}

export const session = new Session();
