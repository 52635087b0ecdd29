import { Button, Group as Row, Select, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Group, listUsersOptions, putGroupUserMutation } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { useOutdate } from '../../shared/lib/outdate';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { type Role, roles, rolesSay } from './roles';

const fields = ['user_id', 'role'] as const;

/** Gives a user a role in a group. */
export function AddMember({ group, onClose }: { group: Group; onClose: () => void }) {
  const outdate = useOutdate();
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 200);
  const users = useQuery({
    ...listUsersOptions({ query: { limit: 50, ...(q ? { q } : {}) } }),
    placeholderData: keepPreviousData,
  });
  const form = useForm<{ user_id: string | null; role: Role }>({ initialValues: { user_id: null, role: 'viewer' } });
  const put = useMutation({
    ...putGroupUserMutation(),
    onSuccess: () => {
      void outdate('listGroupUsers', 'getGroup', 'listGroups');
      onClose();
    },
    onError: besideFields(form, fields),
  });
  return (
    <FormDialog dirty={form.isDirty()} pending={put.isPending} onClose={onClose} title={`Add a user to ${group.name}`}>
      <form
        onSubmit={form.onSubmit(({ user_id, role }) =>
          put.mutate({ path: { id: group.id, user_id: user_id ?? '' }, body: { role } }),
        )}
      >
        <Stack gap="sm">
          <ProblemAlert lines={ofTheWhole(put.error, fields)} />
          <Select
            label="User"
            data-autofocus
            required
            placeholder="Name"
            data={users.data?.items.map((u) => ({ value: u.id, label: u.name })) ?? []}
            searchable
            searchValue={text}
            onSearchChange={setText}
            nothingFoundMessage="No user is called that"
            {...form.getInputProps('user_id')}
          />
          <Select
            label="Role"
            description={rolesSay}
            required
            data={roles}
            allowDeselect={false}
            {...form.getInputProps('role')}
          />
          <Row justify="flex-end">
            <Button type="submit" loading={put.isPending}>
              Give the role
            </Button>
          </Row>
        </Stack>
      </form>
    </FormDialog>
  );
}
