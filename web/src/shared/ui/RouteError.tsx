import { Button, Container, Group, Text } from '@mantine/core';
import { useQueryErrorResetBoundary } from '@tanstack/react-query';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { createContext, type ReactNode, use, useEffect, useRef } from 'react';
import { useStreamState } from '../../live/LiveProvider';
import { problemOf } from '../lib/problem';
import { Page } from './Page';
import { ProblemAlert } from './ProblemAlert';

/** Set below a frame that has the landmark for what a page shows. */
export const Framed = createContext(false);

/** What a page shows where it could not be loaded, or where its code failed. */
export function RouteError({ error }: ErrorComponentProps) {
  const router = useRouter();
  const { reset } = useQueryErrorResetBoundary();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  useWhenBack(retry);
  const { status, code, detail } = problemOf(error);
  if (status === 404) return <NotFound />;
  if (code !== 'failed')
    return (
      <Instead title="This page could not be loaded">
        <ProblemAlert error={error} retry={retry} />
      </Instead>
    );
  return (
    <Instead title="This page failed">
      <Text size="sm" role="alert">
        {detail || `${error}`}
      </Text>
      <Group>
        <Button onClick={() => window.location.reload()}>Reload the page</Button>
      </Group>
    </Instead>
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
    <Instead title="Not found">
      <Text size="sm">There is nothing here, or nothing that you may see.</Text>
      <Group>
        <Button component={Link} to="/">
          To the dashboard
        </Button>
      </Group>
    </Instead>
  );
}

/** A page in the place of another. */
function Instead({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Container size="sm" py="xl" component={use(Framed) ? 'div' : 'main'}>
      <Page title={title}>{children}</Page>
    </Container>
  );
}
