import { Text } from '@mantine/core';
import { Page } from '../../shared/ui/Page';

export function DeployPage() {
  return (
    <Page title="Deploy">
      <Text size="sm">Jobs are made by the API for now.</Text>
    </Page>
  );
}
