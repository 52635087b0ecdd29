import { Checkbox, Group, Radio, Select } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { WindowForm } from './form';
import { ordinal, weekdays } from './words';

const recurrences = [
  { value: 'once', label: 'Once' },
  { value: 'daily', label: 'Every day' },
  { value: 'weekly', label: 'Every week' },
  { value: 'monthly', label: 'Every month' },
];
const monthDays = [
  ...Array.from({ length: 31 }, (_, i) => ({ value: `${i + 1}`, label: `${i + 1}.` })),
  { value: 'last', label: 'last day' },
];
const nths = ([1, 2, 3, 4, 'last'] as const).map((n) => ({ value: `${n}`, label: ordinal(n) }));
const weekdayNames = weekdays.map(([value, label]) => ({ value, label }));

/** How often a window occurs, and on which days. */
export function RecurrenceFields({ form }: { form: UseFormReturnType<WindowForm> }) {
  const { recurrence, monthly } = form.values;
  return (
    <>
      <Select label="Occurs" data={recurrences} allowDeselect={false} {...form.getInputProps('recurrence')} />
      {recurrence === 'weekly' && (
        <Checkbox.Group label="On" {...form.getInputProps('weekdays')}>
          <Group gap="sm" mt={4}>
            {weekdays.map(([value, label]) => (
              <Checkbox key={value} value={value} label={label.slice(0, 3)} aria-label={label} />
            ))}
          </Group>
        </Checkbox.Group>
      )}
      {recurrence === 'monthly' && (
        <Radio.Group label="On" {...form.getInputProps('monthly')}>
          <Group gap="md" mt={4}>
            <Radio value="nth" label="a weekday" />
            <Radio value="day" label="a day of the month" />
          </Group>
        </Radio.Group>
      )}
      {recurrence === 'monthly' && monthly === 'nth' && (
        <Group grow gap="xs" align="flex-start">
          <Select label="Which" data={nths} allowDeselect={false} {...form.getInputProps('nth')} />
          <Select label="Weekday" data={weekdayNames} allowDeselect={false} {...form.getInputProps('nth_weekday')} />
        </Group>
      )}
      {recurrence === 'monthly' && monthly === 'day' && (
        <Select
          label="Day"
          description="29 to 31 mean the last day where the month is shorter"
          data={monthDays}
          searchable
          allowDeselect={false}
          {...form.getInputProps('day_of_month')}
        />
      )}
    </>
  );
}
