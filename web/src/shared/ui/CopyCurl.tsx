import { Button, CopyButton } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';

/** The command for what the page shows or is about to do, for a shell with PATCH_MANAGER_URL and PATCH_MANAGER_TOKEN. */
export function curl(method: string, path: string, body?: unknown): string {
  const parts = ['curl -sS', '-H "Authorization: Bearer $PATCH_MANAGER_TOKEN"'];
  if (method !== 'GET') parts.push(`-X ${method}`);
  if (body !== undefined)
    parts.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`);
  parts.push(`"$PATCH_MANAGER_URL"'${path}'`);
  return parts.join(' ');
}

export function CopyCurl({ method = 'GET', path, body }: { method?: string; path: string; body?: unknown }) {
  return (
    <CopyButton value={curl(method, path, body)}>
      {({ copied, copy }) => (
        <Button variant="default" size="xs" leftSection={<IconCopy size={14} aria-hidden />} onClick={copy}>
          {copied ? 'Copied' : 'Copy as curl'}
        </Button>
      )}
    </CopyButton>
  );
}
