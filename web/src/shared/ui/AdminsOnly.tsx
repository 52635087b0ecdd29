import type { ReactNode } from 'react';
import { useMe } from '../lib/me';
import { EmptyState } from './EmptyState';
import { Page } from './Page';

/** A page that only administrators may read, and for others why they may not. */
export function AdminsOnly({ title, what, children }: { title: string; what: string; children: ReactNode }) {
  if (useMe().admin) return children;
  return (
    <Page title={title}>
      <EmptyState title="Only administrators see this page">{what}</EmptyState>
    </Page>
  );
}
