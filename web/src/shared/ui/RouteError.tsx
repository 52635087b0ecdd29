import { Button, Container } from '@mantine/core';
import { useQueryErrorResetBoundary } from '@tanstack/react-query';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useStreamState } from '../../live/LiveProvider';
import { problemOf } from '../lib/problem';
import { EmptyState } from './EmptyState';
import { ProblemAlert } from './ProblemAlert';

/** What a page shows where it could not be loaded. */
export function RouteError({ error }: ErrorComponentProps) {
  const router = useRouter();
  const { reset } = useQueryErrorResetBoundary();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  useWhenBack(retry);
  if (problemOf(error).status === 404) return <NotFound />;
  return (
    <Container size="sm" py="xl">
      <ProblemAlert error={error} retry={retry} />
    </Container>
  );
}

/** Does something once the server is there again. */
function useWhenBack(then: () => void) {
  const state = useStreamState();
  const before = useRef(state);
  useEffect(() => {
    if (state === 'live' && before.current !== 'live') then();
    before.current = state;
  });
}

export function NotFound() {
  return (
    <Container size="sm" py="xl">
      <EmptyState
        title="Not found"
        action={
          <Button component={Link} to="/">
            To the dashboard
          </Button>
        }
      >
        There is nothing here, or nothing that you may see.
      </EmptyState>
    </Container>
  );
}
