import { Button, Checkbox, Group, NumberInput, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import type { Window } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { useMe } from '../../shared/lib/me';
import { useOutdate } from '../../shared/lib/outdate';
import { formatDuration } from '../../shared/lib/time';
import { useZone } from '../../shared/lib/zone';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { GroupSelect } from '../groups/GroupSelect';
import { HostSelect } from '../hosts/HostSelect';
import { todayIn } from './days';
import { formOf, inputOf, type WindowForm } from './form';
import { type Owner, pathOf, saveWindow } from './owner';
import { Preview } from './Preview';
import { RecurrenceFields } from './RecurrenceFields';
import { ZoneField } from './ZoneField';

const fields = [
  'kind',
  'label',
  'time_zone',
  'starts_on',
  'start_time',
  'duration_minutes',
  'recurrence',
  'weekdays',
  'day_of_month',
  'nth_weekday',
] as const;

interface Props {
  /** The one that is changed; absent: a new one. */
  window?: Window;
  /** Of what a new one is, where that is known. */
  owner?: Owner;
  onClose: () => void;
}

/** Builds a maintenance window or a blackout, and shows when it would occur. */
export function WindowDialog({ window, owner, onClose }: Props) {
  const outdate = useOutdate();
  const form = useForm<WindowForm>({ initialValues: useInitial(window, owner) });
  const chosen: Owner = { scope: form.values.scope, id: form.values.owner ?? '' };
  const body = inputOf(form.values);
  const save = useMutation({
    mutationFn: () => saveWindow(chosen, window?.id, body),
    onSuccess: () => {
      void outdate('getCalendar', 'listSiteWindows', 'listGroupWindows', 'listHostWindows', 'listHostOccurrences');
      onClose();
    },
    onError: besideFields(form, fields),
  });
  return (
    <FormDialog
      onClose={onClose}
      size="xl"
      title={window ? `Edit ${window.label || 'the window'}` : 'New window'}
      dirty={form.isDirty()}
      pending={save.isPending}
    >
      <form onSubmit={form.onSubmit(() => save.mutate())}>
        <Stack gap="sm">
          <ProblemAlert lines={ofTheWhole(save.error, fields)} />
          {!window && <OwnerFields form={form} />}
          <WhatFields form={form} />
          <WhenFields form={form} />
          <RecurrenceFields form={form} />
          <Checkbox
            label="Enabled"
            description="One that is disabled opens and forbids nothing"
            {...form.getInputProps('enabled', { type: 'checkbox' })}
          />
          <Preview input={body} />
          <Group justify="space-between" gap="xs">
            <CopyCurl
              method={window ? 'PUT' : 'POST'}
              path={window ? `${pathOf(chosen)}/${window.id}` : pathOf(chosen)}
              body={body}
            />
            <Button type="submit" loading={save.isPending} disabled={chosen.scope !== 'site' && !chosen.id}>
              {window ? 'Save' : 'Create window'}
            </Button>
          </Group>
        </Stack>
      </form>
    </FormDialog>
  );
}

function useInitial(window: Window | undefined, owner: Owner | undefined): WindowForm {
  const { zone } = useZone();
  const { admin } = useMe();
  if (window) return formOf(window);
  return {
    scope: owner?.scope ?? (admin ? 'site' : 'group'),
    owner: owner?.id || null,
    kind: 'maintenance',
    label: '',
    time_zone: zone,
    starts_on: todayIn(zone),
    start_time: '22:00',
    duration_minutes: 240,
    recurrence: 'weekly',
    weekdays: ['sat'],
    monthly: 'nth',
    day_of_month: 'last',
    nth: '2',
    nth_weekday: 'sat',
    enabled: true,
  };
}

type Form = { form: UseFormReturnType<WindowForm> };

function OwnerFields({ form }: Form) {
  const { admin } = useMe();
  const { scope, owner } = form.values;
  const set = (value: string | null) => form.setFieldValue('owner', value);
  return (
    <Stack gap={4}>
      <SegmentedControl
        aria-label="It is of"
        data={[
          { value: 'site', label: 'The whole site', disabled: !admin },
          { value: 'group', label: 'A group' },
          { value: 'host', label: 'A host' },
        ]}
        value={scope}
        onChange={(value) => form.setValues({ scope: value, owner: null })}
      />
      {!admin && (
        <Text size="xs" c="dimmed">
          Only administrators make windows of the whole site.
        </Text>
      )}
      {scope === 'group' && <GroupSelect label="Group" required value={owner} onChange={set} />}
      {scope === 'host' && <HostSelect label="Host" required value={owner} onChange={set} />}
    </Stack>
  );
}

function WhatFields({ form }: Form) {
  return (
    <Group grow gap="xs" align="flex-start" preventGrowOverflow={false}>
      <Select
        label="Kind"
        description={
          form.values.kind === 'blackout' ? 'No patch starts in it, whatever windows say' : 'Patches start in it'
        }
        data={[
          { value: 'maintenance', label: 'Maintenance window' },
          { value: 'blackout', label: 'Blackout' },
        ]}
        allowDeselect={false}
        {...form.getInputProps('kind')}
      />
      <TextInput label="Label" description="What people call it" {...form.getInputProps('label')} />
    </Group>
  );
}

function WhenFields({ form }: Form) {
  const minutes = Number(form.values.duration_minutes);
  return (
    <Group gap="xs" align="flex-start">
      <TextInput label="First day" type="date" max="9999-12-31" required w={150} {...form.getInputProps('starts_on')} />
      <TextInput label="Starts at" type="time" required w={125} {...form.getInputProps('start_time')} />
      <NumberInput
        label="Minutes"
        description={minutes > 0 ? formatDuration(minutes * 60_000) : ' '}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        required
        w={110}
        step={30}
        {...form.getInputProps('duration_minutes')}
      />
      <ZoneField w={220} {...form.getInputProps('time_zone')} />
    </Group>
  );
}
