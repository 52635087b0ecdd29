import { Button, Group as Row, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { createGroupMutation, type Group, updateGroupMutation } from '../../api';
import { besideFields, ofTheWhole } from '../../shared/lib/formProblem';
import { useOutdate } from '../../shared/lib/outdate';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { FormDialog } from '../../shared/ui/FormDialog';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';

const fields = ['name', 'description'] as const;

/** Makes a group, or changes the one that is given. */
export function GroupDialog({ group, onClose }: { group?: Group; onClose: () => void }) {
  const navigate = useNavigate();
  const outdate = useOutdate();
  const form = useForm({ initialValues: { name: group?.name ?? '', description: group?.description ?? '' } });
  const onError = besideFields(form, fields);
  const create = useMutation({
    ...createGroupMutation(),
    onSuccess: (made) => {
      void outdate('listGroups');
      onClose();
      void navigate({ to: '/groups/$groupId', params: { groupId: made.id } });
    },
    onError,
  });
  const update = useMutation({
    ...updateGroupMutation(),
    onSuccess: () => {
      void outdate('listGroups', 'getGroup');
      onClose();
    },
    onError,
  });
  const sent = group ? update : create;
  return (
    <FormDialog
      onClose={onClose}
      title={group ? `Edit ${group.name}` : 'New group'}
      dirty={form.isDirty()}
      pending={sent.isPending}
    >
      <form
        onSubmit={form.onSubmit((body) =>
          group ? update.mutate({ path: { id: group.id }, body }) : create.mutate({ body }),
        )}
      >
        <Stack gap="sm">
          <ProblemAlert lines={ofTheWhole(sent.error, fields)} />
          <TextInput label="Name" data-autofocus required maxLength={200} {...form.getInputProps('name')} />
          <Textarea label="Description" autosize minRows={2} {...form.getInputProps('description')} />
          <Row justify="space-between" gap="xs">
            <CopyCurl
              method={group ? 'PUT' : 'POST'}
              path={group ? `/api/v1/groups/${group.id}` : '/api/v1/groups'}
              body={form.values}
            />
            <Button type="submit" loading={sent.isPending}>
              {group ? 'Save' : 'Create group'}
            </Button>
          </Row>
        </Stack>
      </form>
    </FormDialog>
  );
}
