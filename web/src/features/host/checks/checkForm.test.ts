import { expect, test } from 'vitest';
import type { HealthCheck } from '../../../api';
import { checkBody, checkValues, losesPassword, newCheck } from './checkForm';

const http: HealthCheck = {
  id: 'c1',
  host_id: 'h1',
  name: 'site',
  check_type: 'http',
  enabled: true,
  service_name: null,
  url: 'https://web-01:443/health',
  expected_body: 'ok',
  ignore_cert_errors: false,
  basic_auth_user: 'probe',
  has_basic_auth_password: true,
  failure_threshold: 1,
  success_threshold: 1,
  last_result: null,
  created_at: '2026-11-26T14:00:00Z',
  updated_at: '2026-11-26T14:00:00Z',
};

test('only the fields of its type are sent, whatever was typed into the others', () => {
  const typed = { ...newCheck, name: 'n', service_name: 'nginx.service', url: 'https://x', expected_body: 'ok' };
  const always = { name: 'n', enabled: true, failure_threshold: 1, success_threshold: 1 };
  expect(checkBody(typed)).toEqual({ ...always, check_type: 'service', service_name: 'nginx.service' });
  expect(checkBody({ ...typed, check_type: 'http' })).toEqual({
    ...always,
    check_type: 'http',
    url: 'https://x',
    expected_body: 'ok',
  });
});

test('the thresholds of a check stay when something else of it changes', () => {
  const values = checkValues({ ...http, failure_threshold: 3, success_threshold: 10 });
  expect(checkBody({ ...values, enabled: false })).toMatchObject({ failure_threshold: 3, success_threshold: 10 });
});

test('the password is kept unless one is typed, and cleared only where that is asked for', () => {
  const values = checkValues(http);
  expect(checkBody(values)).not.toHaveProperty('basic_auth_pass');
  expect(checkBody({ ...values, basic_auth_pass: 's3cret' })).toMatchObject({ basic_auth_pass: 's3cret' });
  expect(checkBody({ ...values, clear_password: true })).toMatchObject({ basic_auth_pass: null });
});

test('what clears the password by the way is said before', () => {
  const values = checkValues(http);
  const loses = (part: object) => losesPassword({ ...values, ...part }, http);
  expect(loses({})).toBeUndefined();
  expect(loses({ url: 'https://web-01/other?x=1' })).toBeUndefined();
  expect(loses({ url: 'https://web-01:8443/health' })).toMatch(/another scheme, host or port/);
  expect(loses({ url: 'http://web-01/health' })).toMatch(/another scheme, host or port/);
  expect(loses({ url: 'https://web-02/health' })).toMatch(/another scheme, host or port/);
  expect(loses({ url: 'https://web-02/health', basic_auth_pass: 'typed' })).toBeUndefined();
  expect(loses({ basic_auth_user: '' })).toMatch(/user name/);
  expect(losesPassword({ ...values, url: '' }, { ...http, has_basic_auth_password: false })).toBeUndefined();
});
