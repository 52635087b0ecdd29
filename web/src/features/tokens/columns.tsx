import type { ColumnDef } from '@tanstack/react-table';
import type { Token } from '../../api';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { Age, Countdown } from '../../shared/ui/Time';

/** What the scopes of a token let it do. */
export const mayDo = (scopes: readonly string[]) => (scopes.includes('write') ? 'Read and change' : 'Only read');

export function tokenColumns(revoke: (token: Token) => void, withOwner: boolean): ColumnDef<Token, unknown>[] {
  const owner: ColumnDef<Token, unknown> = {
    id: 'owner',
    header: 'Owner',
    meta: { width: 'minmax(80px, 1fr)' },
    cell: ({ row }) => row.original.owner,
  };
  return [
    { id: 'name', header: 'Token', meta: { width: 'minmax(90px, 1.6fr)' }, cell: ({ row }) => row.original.name },
    ...(withOwner ? [owner] : []),
    {
      id: 'scopes',
      header: 'May',
      meta: { width: '130px', from: 'sm' },
      cell: ({ row }) => mayDo(row.original.scopes),
    },
    {
      id: 'used',
      header: 'Last used',
      meta: { width: 'minmax(100px, 1fr)', from: 'sm' },
      cell: ({ row }) => <Age at={row.original.last_used_at} />,
    },
    {
      id: 'created',
      header: 'Made',
      meta: { width: 'minmax(110px, 1fr)', from: 'lg' },
      cell: ({ row }) => <Age at={row.original.created_at} />,
    },
    {
      id: 'expires',
      header: 'Expires',
      meta: { width: 'minmax(90px, 1fr)', from: 'md' },
      cell: ({ row: { original: t } }) => (t.expires_at ? <Countdown to={t.expires_at} past="expired" /> : 'never'),
    },
    {
      id: 'actions',
      header: 'Actions',
      meta: { width: '74px' },
      cell: ({ row: { original: t } }) => (
        <AllowedButton
          size="compact-xs"
          variant="default"
          onClick={() => revoke(t)}
          aria-label={`Revoke ${t.name} of ${t.owner}`}
        >
          Revoke
        </AllowedButton>
      ),
    },
  ];
}
