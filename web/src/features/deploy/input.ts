import type { JobInput } from '../../api';
import { clean } from '../../shared/lib/search';
import { instantOf } from '../../shared/lib/wall';
import type { Targets } from './search';

/** The form as it is typed; what is empty is the API's default. */
export interface Options {
  which: 'all' | 'named';
  packages: string[];
  when: 'windows' | 'now';
  not_before: string;
  allow_reboot: boolean;
  max_parallel: string;
  max_failures: string;
  gate_timeout: string;
  max_wait: string;
  notes: string;
}

export const initialOptions: Options = {
  which: 'all',
  packages: [],
  when: 'windows',
  not_before: '',
  allow_reboot: false,
  max_parallel: '',
  max_failures: '',
  gate_timeout: '',
  max_wait: '',
  notes: '',
};

/** The fields of the form beside which the API's problems stand. */
export const fields = [
  'packages',
  'not_before',
  'max_parallel',
  'max_failures',
  'gate_timeout',
  'max_wait',
  'notes',
] as const;

/** The body of POST /jobs and of its preview. What is typed in is sent as it is: the rules are the API's. */
export function jobInput(targets: Targets, options: Options, zone: string): JobInput {
  const typed = (value: string) => value.trim() || undefined;
  const immediate = options.when === 'now' || undefined;
  return clean({
    ...targets,
    packages: options.which === 'named' ? options.packages : undefined,
    immediate,
    not_before: options.not_before ? instantOf(options.not_before, zone) : undefined,
    allow_reboot: options.allow_reboot || undefined,
    max_parallel: typed(options.max_parallel),
    max_failures: typed(options.max_failures),
    gate_timeout: immediate ? typed(options.gate_timeout) : undefined,
    max_wait: immediate ? undefined : typed(options.max_wait),
    notes: typed(options.notes),
  });
}
