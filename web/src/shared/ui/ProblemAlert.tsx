import { Alert, Button, List } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { linesOf, problemOf } from '../lib/problem';

/** What went wrong, in the API's words; `retry` where asking again may help. */
export function ProblemAlert({
  error,
  lines,
  retry,
}: {
  error?: unknown;
  lines?: readonly string[];
  retry?: () => void;
}) {
  const problem = error ? problemOf(error) : undefined;
  const said = lines ?? (problem ? linesOf(problem) : []);
  if (said.length === 0) return null;
  return (
    <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />} role="alert" title={problem?.title}>
      {said.length === 1 ? (
        said[0]
      ) : (
        <List size="sm">
          {said.map((line) => (
            <List.Item key={line}>{line}</List.Item>
          ))}
        </List>
      )}
      {retry && (
        <Button mt="xs" size="xs" variant="default" onClick={retry} display="block">
          Try again
        </Button>
      )}
    </Alert>
  );
}
