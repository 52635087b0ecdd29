const waits: Record<string, string> = {
  window: 'Its maintenance window has not begun',
  not_before: 'The job may not begin yet',
  blackout: 'A blackout holds it',
  health_check: 'A health check is not healthy',
  agent_unreachable: 'Its agent does not answer',
  agent_refused: 'Its agent refused the request',
  clock_skew: 'Clocks are too far apart',
  slot: 'As many hosts as the job allows are being patched',
  host_busy: 'Something else is being installed on it',
};

/** What a check that fails says, with its name before it unless it begins with that itself. */
export const failingWords = ({ name, detail }: { name: string; detail: string }) =>
  detail.startsWith(`${name} `) ? detail : `${name}: ${detail}`;

/** Why a host waits, in a few words; a reason that is not known yet by its own name. */
export const waitWord = (reason: string) => waits[reason] ?? `It waits: ${reason.replaceAll('_', ' ')}`;
