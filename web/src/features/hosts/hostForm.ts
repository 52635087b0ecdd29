import type { Host, HostInput } from '../../api';

/** What the form of a host holds. */
export interface HostValues {
  fqdn: string;
  address: string;
  agent_port: number | '';
  display_name: string;
  zone: string;
  labels: string[];
  group_ids: string[];
  inherit_windows: boolean;
}

export const hostFields = [
  'fqdn',
  'address',
  'agent_port',
  'display_name',
  'zone',
  'labels',
  'group_ids',
  'inherit_windows',
] as const;

export const newHost: HostValues = {
  fqdn: '',
  address: '',
  agent_port: '',
  display_name: '',
  zone: '',
  labels: [],
  group_ids: [],
  inherit_windows: true,
};

export function hostValues(host: Host): HostValues {
  return {
    fqdn: host.fqdn,
    address: host.address === host.fqdn ? '' : host.address,
    agent_port: host.agent_port,
    display_name: host.display_name,
    zone: host.zone,
    labels: Object.entries(host.labels).map(([name, value]) => (value ? `${name}=${value}` : name)),
    group_ids: host.group_ids,
    inherit_windows: host.inherit_windows,
  };
}

/** What is sent: what was left empty is left out, so that it gets its default. Groups that stay are left out too. */
export function hostBody(values: HostValues, host?: Host): HostInput {
  const sameGroups = host && [...host.group_ids].sort().join() === [...values.group_ids].sort().join();
  return {
    fqdn: values.fqdn.trim(),
    ...(values.address.trim() ? { address: values.address.trim() } : {}),
    ...(values.agent_port === '' ? {} : { agent_port: values.agent_port }),
    ...(values.display_name.trim() ? { display_name: values.display_name.trim() } : {}),
    ...(values.zone.trim() ? { zone: values.zone.trim() } : {}),
    labels: labels(values.labels),
    ...(sameGroups ? {} : { group_ids: values.group_ids }),
    inherit_windows: values.inherit_windows,
  };
}

/** Of texts such as env=prod; the value may hold an equals sign too. */
function labels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [name = '', ...value] = text.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );
}
