import { Autocomplete, Button, Group, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { instantOf, localOf } from '../../shared/lib/wall';
import { useZone } from '../../shared/lib/zone';
import { type AuditSearch, auditSearch } from './search';

interface Props {
  search: AuditSearch;
  /** Those that are on the page, as suggestions. */
  actions: string[];
  /** What the API said of a filter, by its name. */
  errors: Record<string, string>;
}

const empty = { actor: '', action: '', subject_type: '', subject_id: '', request_id: '', from: '', to: '' };

/** The filters, which are in the URL: what is shown can be sent as a link. */
export function Filters({ search, actions, errors }: Props) {
  const navigate = useNavigate({ from: '/audit' });
  const { zone } = useZone();
  const shown = {
    ...empty,
    ...search,
    from: search.from ? localOf(search.from, zone) : '',
    to: search.to ? localOf(search.to, zone) : '',
  };
  const form = useForm({ initialValues: shown });
  const { setValues } = form;
  const text = JSON.stringify(shown);
  // A link may change the filters too.
  useEffect(() => setValues(JSON.parse(text)), [text, setValues]);
  const submit = form.onSubmit((values) => {
    const from = values.from ? instantOf(values.from, zone) : '';
    const to = values.to ? instantOf(values.to, zone) : '';
    void navigate({ search: auditSearch({ ...values, from, to }) });
  });
  const input = (name: keyof typeof empty) => ({ ...form.getInputProps(name), error: errors[name], size: 'xs' });
  return (
    <form onSubmit={submit} aria-label="Filters">
      <Group gap="xs" align="flex-end">
        <TextInput label="Who" w={110} {...input('actor')} />
        <Autocomplete label="What" data={actions} w={140} {...input('action')} />
        <TextInput label="Kind of thing" placeholder="host" w={110} {...input('subject_type')} />
        <TextInput label="Id of the thing" w={120} {...input('subject_id')} />
        <TextInput label="Request" w={100} {...input('request_id')} />
        <TextInput label={`From (${zone})`} type="datetime-local" max="9999-12-31T23:59" {...input('from')} />
        <TextInput label={`Before (${zone})`} type="datetime-local" max="9999-12-31T23:59" {...input('to')} />
        <Button size="xs" type="submit">
          Filter
        </Button>
        {Object.keys(search).length > 0 && (
          <Button size="xs" variant="default" onClick={() => void navigate({ search: {} })}>
            Show all
          </Button>
        )}
      </Group>
    </form>
  );
}
