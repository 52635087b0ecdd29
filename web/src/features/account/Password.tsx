import { Button, PasswordInput, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { changeMyPasswordMutation, type Me } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { useOutdate } from '../../shared/lib/outdate';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';

const fields = ['current_password', 'new_password'] as const;

/** Changes one's own password. */
export function Password({ me }: { me: Me }) {
  const outdate = useOutdate();
  const form = useForm({ initialValues: { current_password: '', new_password: '' } });
  const change = useMutation({
    ...changeMyPasswordMutation(),
    onSuccess: () => {
      form.reset();
      void outdate('listMySessions');
      notifications.show({ message: 'Your password is changed.' });
    },
    onError: besideFields(form, fields),
  });
  if (!me.has_password) {
    return (
      <Section title="Password">
        <Text size="sm">You sign in by the identity provider and have no password here.</Text>
      </Section>
    );
  }
  return (
    <Section title="Password">
      <form onSubmit={form.onSubmit((body) => change.mutate({ body }))}>
        <Stack gap="sm" maw={380}>
          <ProblemAlert lines={ofTheWhole(change.error, fields)} />
          <PasswordInput
            label="Current password"
            required
            autoComplete="current-password"
            {...form.getInputProps('current_password')}
          />
          <PasswordInput
            label="New password"
            description="At least 12 characters"
            required
            autoComplete="new-password"
            {...form.getInputProps('new_password')}
          />
          <Button type="submit" loading={change.isPending} style={{ alignSelf: 'flex-start' }}>
            Change password
          </Button>
        </Stack>
      </form>
    </Section>
  );
}
