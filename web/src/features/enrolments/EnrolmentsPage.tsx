import { Select } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { type Enrolment, listEnrolments, listEnrolmentsQueryKey } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { AdminsOnly } from '../../shared/ui/AdminsOnly';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { EmptyState } from '../../shared/ui/EmptyState';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { ApproveDialog } from './ApproveDialog';
import { asking } from './asking';
import { enrolmentColumns } from './columns';
import { DenyDialog } from './DenyDialog';
import { statuses } from './search';

const id = (enrolment: Enrolment) => enrolment.id;

export function EnrolmentsPage() {
  return (
    <AdminsOnly
      title="Enrolments"
      what="Here machines that ask for a certificate are let in or refused. An administrator decides on them."
    >
      <Enrolments />
    </AdminsOnly>
  );
}

/** The machines that asked for a certificate. */
function Enrolments() {
  const { status = 'pending' } = useSearch({ from: '/shell/enrolments' });
  const [deciding, setDeciding] = useState<{ enrolment: Enrolment; approve: boolean }>();
  const query = { limit: 100, ...(status === 'all' ? {} : { status }) };
  const enrolments = usePages({
    queryKey: listEnrolmentsQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listEnrolments({ query: { ...query, ...(cursor ? { cursor } : {}) }, signal, throwOnError: true })).data,
    id,
  });
  const columns = useMemo(() => enrolmentColumns((enrolment, approve) => setDeciding({ enrolment, approve })), []);
  const close = () => setDeciding(undefined);
  return (
    <Page
      title="Enrolments"
      actions={<CopyCurl path={`/api/v1/enrolments${status === 'all' ? '' : `?status=${status}`}`} />}
    >
      <StatusFilter status={status} />
      {enrolments.error && <ProblemAlert error={enrolments.error} retry={() => void enrolments.refetch()} />}
      {enrolments.isSuccess && enrolments.items.length === 0 ? (
        <EmptyState
          title={status === 'pending' ? 'No machine waits to be let in' : 'None of this status'}
          command={asking(location.origin)}
        >
          An agent without a certificate asks for one and waits here until an administrator approves it, which makes it
          a host. This is how it asks:
        </EmptyState>
      ) : (
        <VirtualTable
          label="Enrolments"
          columns={columns}
          rows={enrolments.items}
          rowId={id}
          onView={enrolments.see}
          loading={enrolments.isLoading}
        />
      )}
      {deciding?.approve && <ApproveDialog enrolment={deciding.enrolment} onClose={close} />}
      {deciding && !deciding.approve && <DenyDialog enrolment={deciding.enrolment} onClose={close} />}
    </Page>
  );
}

function StatusFilter({ status }: { status: string }) {
  const navigate = useNavigate({ from: '/enrolments' });
  return (
    <Select
      label="Status"
      data={statuses}
      value={status}
      onChange={(value) => {
        const chosen = statuses.find((s) => s.value === value)?.value;
        void navigate({ search: chosen && chosen !== 'pending' ? { status: chosen } : {}, replace: true });
      }}
      allowDeselect={false}
      w={170}
    />
  );
}
