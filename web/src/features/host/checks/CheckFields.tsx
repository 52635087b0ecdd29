import {
  Alert,
  Checkbox,
  Group,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Select,
  Text,
  TextInput,
} from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { HealthCheck } from '../../../api';
import { type CheckValues, losesPassword } from './checkForm';

interface Props {
  form: UseFormReturnType<CheckValues>;
  /** The one that is edited. */
  check?: HealthCheck | undefined;
}

/** The fields of a check of either type. */
export function CheckFields({ form, check }: Props) {
  return (
    <>
      <SegmentedControl
        aria-label="Type"
        data={[
          { value: 'service', label: 'Service' },
          { value: 'http', label: 'HTTP' },
        ]}
        {...form.getInputProps('check_type')}
      />
      <TextInput
        label="Name"
        description="Unique on this host"
        required
        data-autofocus
        autoComplete="off"
        {...form.getInputProps('name')}
      />
      {form.values.check_type === 'service' ? <ServiceFields form={form} /> : <HttpFields form={form} check={check} />}
      <Thresholds form={form} />
      <Checkbox
        label="Enabled"
        description="Polled, and asked before every patch"
        {...form.getInputProps('enabled', { type: 'checkbox' })}
      />
    </>
  );
}

/** How long what is shown holds on, for checks that come and go. */
function Thresholds({ form }: Props) {
  const field = {
    description: 'In a row, at most 10',
    required: true,
    allowDecimal: false,
    hideControls: true,
  } as const;
  return (
    <div>
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <NumberInput label="Failures until unhealthy" {...field} {...form.getInputProps('failure_threshold')} />
        <NumberInput label="Successes until healthy again" {...field} {...form.getInputProps('success_threshold')} />
      </Group>
      <Text size="xs" c="dimmed" mt={4}>
        For what lists and counts show. Before a patch the last result alone counts.
      </Text>
    </div>
  );
}

function ServiceFields({ form }: Props) {
  return (
    <TextInput
      label="Systemd unit"
      description="Healthy while the agent says that it is"
      placeholder="nginx.service"
      required
      autoComplete="off"
      {...form.getInputProps('service_name')}
    />
  );
}

function HttpFields({ form, check }: Props) {
  return (
    <>
      <TextInput
        label="URL"
        description="Requested by the manager's worker; redirects are not followed"
        placeholder="https://web-01.example.com/health"
        required
        autoComplete="off"
        inputMode="url"
        {...form.getInputProps('url')}
      />
      <TextInput
        label="Expected text"
        description="Healthy: a 2xx answer whose body contains this"
        required
        autoComplete="off"
        {...form.getInputProps('expected_body')}
      />
      <Select
        label="Certificate"
        allowDeselect={false}
        data={[
          ...(check ? [] : [{ value: 'default', label: 'As the settings of this installation say' }]),
          { value: 'verify', label: 'Verify it: a certificate that is not trusted is unhealthy' },
          { value: 'ignore', label: 'Do not verify it: whoever answers is believed' },
        ]}
        {...form.getInputProps('certificate')}
      />
      <Credentials form={form} check={check} />
    </>
  );
}

function Credentials({ form, check }: Props) {
  const loses = check && losesPassword(form.values, check);
  const stored = check?.has_basic_auth_password;
  return (
    <>
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <TextInput
          label="Basic auth user"
          description="Empty: no sign-in"
          autoComplete="off"
          {...form.getInputProps('basic_auth_user')}
        />
        <PasswordInput
          label="Basic auth password"
          description={stored ? 'Stored; empty keeps it' : 'Stored encrypted, never shown'}
          autoComplete="new-password"
          disabled={form.values.clear_password}
          {...form.getInputProps('basic_auth_pass')}
        />
      </Group>
      {stored && (
        <Checkbox label="Clear the stored password" {...form.getInputProps('clear_password', { type: 'checkbox' })} />
      )}
      {loses && (
        <Alert color="yellow" variant="light" role="status" title="The password will be cleared">
          {loses}
        </Alert>
      )}
    </>
  );
}
