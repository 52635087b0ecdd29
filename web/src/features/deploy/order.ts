import type { JobPreview, PreviewHost } from '../../api';

export const waitsAtGate = (host: PreviewHost) =>
  !host.excluded && host.health.state !== 'healthy' && host.health.state !== 'none';

/** What wants a look comes first: hosts that would not be patched, then those that would wait at the gate. */
export function problemsFirst(preview: JobPreview): PreviewHost[] {
  const rank = (host: PreviewHost) => (host.excluded ? 0 : waitsAtGate(host) ? 1 : 2);
  return [...preview.items].sort((a, b) => rank(a) - rank(b) || a.fqdn.localeCompare(b.fqdn));
}
