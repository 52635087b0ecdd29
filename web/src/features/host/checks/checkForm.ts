import type { HealthCheck, HealthCheckUpdateWritable } from '../../../api';

/** What the form of a check holds, for both types. */
export interface CheckValues {
  name: string;
  check_type: 'service' | 'http';
  enabled: boolean;
  service_name: string;
  url: string;
  expected_body: string;
  /** Whether the certificate is verified; default: as the settings say. */
  certificate: 'default' | 'verify' | 'ignore';
  basic_auth_user: string;
  basic_auth_pass: string;
  clear_password: boolean;
  /** Empty while somebody types. */
  failure_threshold: number | string;
  success_threshold: number | string;
}

export const newCheck: CheckValues = {
  name: '',
  check_type: 'service',
  enabled: true,
  service_name: '',
  url: '',
  expected_body: '',
  certificate: 'default',
  basic_auth_user: '',
  basic_auth_pass: '',
  clear_password: false,
  failure_threshold: 1,
  success_threshold: 1,
};

export function checkValues(check: HealthCheck): CheckValues {
  return {
    name: check.name,
    check_type: check.check_type === 'http' ? 'http' : 'service',
    enabled: check.enabled,
    service_name: check.service_name ?? '',
    url: check.url ?? '',
    expected_body: check.expected_body ?? '',
    certificate: check.ignore_cert_errors ? 'ignore' : 'verify',
    basic_auth_user: check.basic_auth_user ?? '',
    basic_auth_pass: '',
    clear_password: false,
    failure_threshold: check.failure_threshold,
    success_threshold: check.success_threshold,
  };
}

/** What is sent: the fields of its type alone, and the password where one was typed or the stored one is to go. */
export function checkBody(values: CheckValues): HealthCheckUpdateWritable {
  const { name, check_type, enabled } = values;
  const thresholds = {
    failure_threshold: Number(values.failure_threshold),
    success_threshold: Number(values.success_threshold),
  };
  if (check_type === 'service') return { name, check_type, enabled, service_name: values.service_name, ...thresholds };
  return {
    name,
    check_type,
    enabled,
    ...thresholds,
    url: values.url,
    expected_body: values.expected_body,
    ...(values.certificate === 'default' ? {} : { ignore_cert_errors: values.certificate === 'ignore' }),
    ...(values.basic_auth_user ? { basic_auth_user: values.basic_auth_user } : {}),
    ...password(values),
  };
}

function password({ basic_auth_pass, clear_password }: CheckValues): { basic_auth_pass?: string | null } {
  if (clear_password) return { basic_auth_pass: null };
  return basic_auth_pass ? { basic_auth_pass } : {};
}

/** The names of the fields as a problem of the API calls them, and those of the form. */
export const checkFields = [
  'name',
  'check_type',
  'enabled',
  'service_name',
  'url',
  'expected_body',
  'basic_auth_user',
  'basic_auth_pass',
  'failure_threshold',
  'success_threshold',
] as const;

/** Says why saving would clear the stored password although nobody asked for it; undefined where it would not. */
export function losesPassword(values: CheckValues, check: HealthCheck): string | undefined {
  if (!check.has_basic_auth_password || values.basic_auth_pass || values.clear_password) return undefined;
  const stored = origin(check.url ?? '');
  if (values.check_type !== 'http') return 'The stored password goes with the type http: saving clears it.';
  if (!values.basic_auth_user) return 'Without a user name the stored password is cleared.';
  if (origin(values.url) === stored) return undefined;
  return `The stored password is for ${stored}. With another scheme, host or port saving clears it: type it again if the new address needs it.`;
}

function origin(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
