import type { ApprovalInput } from '../../api';

export interface ApprovalForm {
  address: string;
  agent_port: number | string;
  display_name: string;
  zone: string;
  group_ids: string[];
  labels: string;
  inherit_windows: boolean;
}

/** What is sent of the form: what is empty is left to the server. */
export function approvalOf(form: ApprovalForm): ApprovalInput {
  return {
    ...(form.address ? { address: form.address } : {}),
    ...(form.agent_port === '' ? {} : { agent_port: Number(form.agent_port) }),
    ...(form.display_name ? { display_name: form.display_name } : {}),
    ...(form.zone ? { zone: form.zone } : {}),
    group_ids: form.group_ids,
    labels: labelsOf(form.labels),
    inherit_windows: form.inherit_windows,
  };
}

/** Labels as they are typed, name=value to a line; a line without = is a name with no value. */
export function labelsOf(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => line.trim());
  return Object.fromEntries(
    lines
      .filter((line) => line !== '')
      .map((line) => {
        const [name = '', ...value] = line.split('=');
        return [name.trim(), value.join('=').trim()];
      }),
  );
}
