import { Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { listTokens, listTokensQueryKey, type Token } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { tokenColumns } from './columns';
import { NewToken } from './NewToken';
import { RevokeToken } from './RevokeToken';

const id = (token: Token) => token.id;

interface Props {
  title: string;
  /** Only those of this user; absent: all that the caller may see. */
  userId?: string;
}

/** API tokens: who has them, what they may do, when they were last used. */
export function Tokens({ title, userId }: Props) {
  const [creating, create] = useDisclosure();
  const [revoking, setRevoking] = useState<Token>();
  const query = { limit: 100, ...(userId ? { user_id: userId } : {}) };
  const tokens = usePages({
    queryKey: listTokensQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listTokens({ query: { ...query, ...(cursor ? { cursor } : {}) }, signal, throwOnError: true })).data,
    id,
    unannounced: true,
  });
  const columns = useMemo(() => tokenColumns(setRevoking, !userId), [userId]);
  const actions = (
    <>
      <CopyCurl path={`/api/v1/tokens${userId ? `?user_id=${userId}` : ''}`} />
      <AllowedButton size="xs" onClick={create.open} leftSection={<IconPlus size={14} aria-hidden />}>
        New token
      </AllowedButton>
    </>
  );
  return (
    <Section title={title} actions={actions}>
      {tokens.error && <ProblemAlert error={tokens.error} retry={() => void tokens.refetch()} />}
      {tokens.isSuccess && tokens.items.length === 0 ? (
        <Text size="sm">
          None yet. A token lets a program use the API in your name; make one and send it as a header.
        </Text>
      ) : (
        <VirtualTable
          label="Tokens"
          columns={columns}
          rows={tokens.items}
          rowId={id}
          onView={tokens.see}
          loading={tokens.isLoading}
        />
      )}
      {creating && <NewToken onClose={create.close} />}
      {revoking && <RevokeToken token={revoking} onClose={() => setRevoking(undefined)} />}
    </Section>
  );
}
