import { Autocomplete, Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { type CreatedToken, createTokenMutation, type TokenInput } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { useOutdate } from '../../shared/lib/outdate';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { mayDo } from './columns';
import { Secret } from './Secret';

const fields = ['name', 'scopes', 'expires_in'] as const;
const scopes = [['read'], ['read', 'write']].map((s) => ({ value: s.join(' '), label: mayDo(s) }));

/** Makes a token and shows its secret, this once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const outdate = useOutdate();
  const form = useForm({ initialValues: { name: '', scopes: 'read', expires_in: '720h' } });
  const create = useMutation({
    ...createTokenMutation(),
    onSuccess: () => void outdate('listTokens'),
    onError: besideFields(form, fields),
  });
  const body: TokenInput = { ...form.values, scopes: form.values.scopes.split(' ') as TokenInput['scopes'] & {} };
  const made: CreatedToken | undefined = create.data;
  return (
    <FormDialog
      onClose={onClose}
      title={made ? `The token ${made.name}` : 'New token'}
      dirty={!!made || form.isDirty()}
      pending={create.isPending}
      withCloseButton={!made}
    >
      {made ? (
        <Secret secret={made.secret} onClose={onClose} />
      ) : (
        <form onSubmit={form.onSubmit(() => create.mutate({ body }))}>
          <Stack gap="sm">
            <ProblemAlert lines={ofTheWhole(create.error, fields)} />
            <TextInput
              label="Name"
              description="What it is for, so that whoever revokes it knows what stops"
              data-autofocus
              required
              {...form.getInputProps('name')}
            />
            <Select
              label="It may"
              description="Never more than your own roles at the moment of use"
              data={scopes}
              allowDeselect={false}
              {...form.getInputProps('scopes')}
            />
            <Autocomplete
              label="Expires after"
              description="A duration in hours: 24h is a day, 720h are 30 days, 8760h a year"
              data={['24h', '168h', '720h', '2160h', '8760h']}
              required
              filter={({ options }) => options}
              {...form.getInputProps('expires_in')}
            />
            <Group justify="space-between" gap="xs">
              <CopyCurl method="POST" path="/api/v1/tokens" body={body} />
              <Button type="submit" loading={create.isPending}>
                Make token
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </FormDialog>
  );
}
