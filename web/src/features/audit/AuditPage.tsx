import { Button, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { type AuditEntry, listAudit, listAuditQueryKey } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { fieldErrors, problemOf } from '../../shared/lib/problem';
import { apiPath } from '../../shared/lib/search';
import { AdminsOnly } from '../../shared/ui/AdminsOnly';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { CsvLink } from '../../shared/ui/CsvLink';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { auditColumns } from './columns';
import { Entry } from './Entry';
import { Filters } from './Filters';
import { type AuditSearch, auditFilters } from './search';

const id = (entry: AuditEntry) => `${entry.seq}`;

export function AuditPage() {
  const search = useSearch({ from: '/shell/audit' });
  return (
    <AdminsOnly
      title="Audit"
      what="It holds who changed what, when and from where, of every group. Ask an administrator to look something up."
    >
      <Entries search={search} />
    </AdminsOnly>
  );
}

function Entries({ search }: { search: AuditSearch }) {
  const [open, setOpen] = useState<AuditEntry>();
  const query = { ...search, limit: 100 };
  const entries = usePages({
    queryKey: listAuditQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listAudit({ query: { ...query, ...(cursor ? { cursor } : {}) }, signal, throwOnError: true })).data,
    id,
    unannounced: true,
  });
  const columns = useMemo(() => auditColumns(setOpen), []);
  const actions = [...new Set(entries.items.map((e) => e.action))].sort();
  const refused = entries.error ? fieldErrors(problemOf(entries.error), auditFilters) : undefined;
  return (
    <Page
      title="Audit"
      actions={<Actions search={search} again={() => void entries.refetch()} reading={entries.isFetching} />}
    >
      <Filters search={search} actions={actions} errors={refused?.byField ?? {}} />
      {refused && refused.rest.length > 0 && (
        <ProblemAlert error={entries.error} lines={refused.rest} retry={() => void entries.refetch()} />
      )}
      {!entries.error && (
        <VirtualTable
          label="Audit entries"
          columns={columns}
          rows={entries.items}
          rowId={id}
          onView={entries.see}
          loading={entries.isLoading}
        />
      )}
      {entries.isSuccess && entries.items.length === 0 && <Text size="sm">No entry matches.</Text>}
      {open && <Entry entry={open} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

function Actions({ search, again, reading }: { search: AuditSearch; again: () => void; reading: boolean }) {
  return (
    <>
      <Button
        size="xs"
        variant="default"
        onClick={again}
        loading={reading}
        leftSection={<IconRefresh size={14} aria-hidden />}
      >
        Look for newer
      </Button>
      <CsvLink path="/audit" query={search} />
      <CopyCurl path={apiPath('/audit', search)} />
    </>
  );
}
