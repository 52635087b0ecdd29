import { Checkbox, Paper, Radio, SimpleGrid, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { durationInWords } from '../../shared/lib/time';
import { useZone } from '../../shared/lib/zone';
import type { Options } from './input';
import { useDefaults } from './useDefaults';

interface Props {
  form: UseFormReturnType<Options>;
  /** What the API has against a field. */
  problems: Record<string, string>;
}

export function OptionsForm({ form, problems }: Props) {
  const { zone } = useZone();
  const defaults = useDefaults();
  const immediate = form.values.when === 'now';
  const field = (name: keyof Options) => ({ ...form.getInputProps(name), error: problems[name] });
  return (
    <Paper withBorder p="md">
      <SimpleGrid cols={{ base: 1, md: 3 }} spacing="lg">
        <Stack gap="sm">
          <When form={form} />
          <TextInput
            type="datetime-local"
            max="9999-12-31T23:59"
            label={`Not before (${zone})`}
            {...field('not_before')}
          />
        </Stack>
        <Stack gap="sm">
          <What form={form} error={problems.packages} />
          <Checkbox
            label="Allow a reboot"
            description="Only hosts that require one, and only if their window has room for it"
            {...form.getInputProps('allow_reboot', { type: 'checkbox' })}
          />
          <Textarea label="Notes" description="The first line names the job" autosize minRows={1} {...field('notes')} />
        </Stack>
        <SimpleGrid cols={2} spacing="sm" verticalSpacing="sm" style={{ alignContent: 'start' }}>
          <TextInput
            label="Hosts at a time"
            description={`Or 10%. ${byDefault(defaults?.max_parallel)}`}
            placeholder={defaults?.max_parallel}
            {...field('max_parallel')}
          />
          <TextInput
            label="Stop at failures"
            description={`Or 5%. ${byDefault(defaults?.max_failures)}`}
            placeholder={defaults?.max_failures}
            {...field('max_failures')}
          />
          {immediate ? (
            <TextInput
              label="Wait for health"
              description={`At most. ${byDefault(defaults && durationInWords(defaults.gate_timeout))}`}
              placeholder={defaults?.gate_timeout}
              {...field('gate_timeout')}
            />
          ) : (
            <TextInput
              label="Wait for a window"
              description={`At most. ${byDefault(defaults && durationInWords(defaults.max_wait))}`}
              placeholder={defaults?.max_wait}
              {...field('max_wait')}
            />
          )}
        </SimpleGrid>
      </SimpleGrid>
    </Paper>
  );
}

const byDefault = (value: string | undefined) => (value ? `Default: ${value}` : '');

function When({ form }: { form: UseFormReturnType<Options> }) {
  return (
    <Radio.Group label="When" {...form.getInputProps('when')}>
      <Stack gap={6} mt={4}>
        <Radio
          value="windows"
          label="In the maintenance window of each host"
          description="In the next one, until its last start"
        />
        <Radio value="now" label="Immediately" description="Outside of windows too; a blackout holds it all the same" />
      </Stack>
    </Radio.Group>
  );
}

function What({ form, error }: { form: UseFormReturnType<Options>; error: string | undefined }) {
  return (
    <>
      <Radio.Group label="Packages" {...form.getInputProps('which')}>
        <Stack gap={6} mt={4}>
          <Radio value="all" label="All that are available" description="Whatever a host lists when it is patched" />
          <Radio value="named" label="Only those named" />
        </Stack>
      </Radio.Group>
      {form.values.which === 'named' && (
        <TagsInput
          aria-label="Package names"
          description="Name at least one package"
          placeholder="Name, then Enter"
          splitChars={[',', ' ']}
          acceptValueOnBlur
          {...form.getInputProps('packages')}
          error={error}
        />
      )}
    </>
  );
}
