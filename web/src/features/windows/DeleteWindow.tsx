import { Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { CalendarItem } from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { ownerOf, removeWindow } from './owner';
import { ruleWords } from './words';

/** Deletes a window after saying what that changes. */
export function DeleteWindow({ item, onClose }: { item: CalendarItem; onClose: () => void }) {
  const { window: w, owner } = item;
  const outdate = useOutdate();
  const remove = useMutation({
    mutationFn: () => removeWindow(ownerOf(w), w.id),
    onSuccess: () => {
      void outdate('getCalendar', 'listSiteWindows', 'listGroupWindows', 'listHostWindows');
      onClose();
    },
  });
  const whose = owner ?? 'every host of the site';
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Delete ${w.label || 'the window'}?`}
      verb={w.kind === 'blackout' ? 'Delete blackout' : 'Delete window'}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
    >
      <Text size="sm">
        {ruleWords(w)}; of {whose}.
      </Text>
      <Text size="sm">
        {w.kind === 'blackout'
          ? 'Jobs that it holds decide anew at once: what is healthy and in its window is patched.'
          : 'Jobs that wait for it take the next window there is, and fail where none comes. Patches that are under way go on.'}
      </Text>
    </ConfirmDialog>
  );
}
