import { Anchor, Code, Loader, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getSettingsOptions, type ServerSettings, type Setting } from '../../api';
import { AdminsOnly } from '../../shared/ui/AdminsOnly';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { bySection, variableOf } from './sections';

export function SettingsPage() {
  return (
    <AdminsOnly title="Settings" what="It tells what the server runs with. Ask an administrator.">
      <Settings />
    </AdminsOnly>
  );
}

/** What the server runs with, and where each value comes from. It is changed where the server is, not here. */
function Settings() {
  const settings = useQuery({ ...getSettingsOptions(), refetchOnMount: 'always' });
  return (
    <Page title="Settings" actions={<CopyCurl path="/api/v1/settings" />}>
      <Text size="sm" maw={760}>
        What this server runs with. A value is set in the file of settings, by the environment or by a flag, each over
        the one before, and holds from the next start. Secrets are never shown.
      </Text>
      {settings.error && <ProblemAlert error={settings.error} retry={() => void settings.refetch()} />}
      {settings.isLoading && <Loader size="sm" aria-label="Loading" />}
      {settings.data && <Server server={settings.data} />}
      {bySection(settings.data?.items ?? []).map(([name, items]) => (
        <Section key={name} title={name}>
          <Values name={name} items={items} />
        </Section>
      ))}
    </Page>
  );
}

function Server({ server: { version, temporal } }: { server: ServerSettings }) {
  return (
    <Text size="sm">
      Version {version.version}
      {version.commit && `, commit ${version.commit.slice(0, 12)}`}, {version.go}. Temporal at {temporal.address},
      namespace {temporal.namespace}
      {temporal.ui_url && (
        <>
          {': '}
          <Anchor href={temporal.ui_url} inherit underline="always">
            Temporal UI
          </Anchor>
        </>
      )}
    </Text>
  );
}

function Values({ name, items }: { name: string; items: Setting[] }) {
  return (
    <Table aria-label={name} verticalSpacing={4} layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="34%">Setting</Table.Th>
          <Table.Th w="26%">Value</Table.Th>
          <Table.Th visibleFrom="md">What it is</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((setting) => (
          <Table.Tr key={setting.key}>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>
              <Code title={variableOf(setting.key)}>{setting.key}</Code>
            </Table.Td>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>
              <Value setting={setting} />
            </Table.Td>
            <Table.Td visibleFrom="md">{setting.description}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Value({ setting }: { setting: Setting }) {
  const set = setting.source !== 'default';
  return (
    <>
      <Text span inherit fw={set ? 600 : undefined}>
        {setting.value || 'none'}
      </Text>
      <Text size="xs" c="dimmed">
        {set ? `by ${setting.source}; default: ${setting.default || 'none'}` : 'default'}
      </Text>
    </>
  );
}
