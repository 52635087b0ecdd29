import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What the identity provider of the tests knows us by; sso/ssotest has the other side. */
export const client = { id: 'patch-manager', secret: 'client-secret-that-nobody-may-see' };

/** Everybody's password there. */
export const providerPassword = 'correct horse';

/** Starts the identity provider that the Go tests sign on at, zitadel's, and says where it is and how it ends. */
export async function startProvider(dir: string) {
  const program = join(dir, 'provider');
  execFileSync('go', ['test', '-c', '-o', program, './sso'], { cwd: '..', stdio: 'inherit' });
  const child = spawn(program, [], {
    env: { ...process.env, PATCH_MANAGER_TEST_PROVIDER: '1' },
    stdio: ['pipe', 'pipe', 'inherit'], // it ends when its input does, so also when we are killed
  });
  const [issuer] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { issuer, stop: () => child.stdin.end() };
}

/** Makes somebody at the provider, in these groups there. */
export async function putPerson(Name: string, Groups: string[]) {
  await put('/test/users', { Subject: `subject of ${Name}`, Name, Email: `${Name}@example.com`, Groups });
}

/** Tells the provider where it sends browsers back to. */
export const expectClient = (RedirectURL: string) => put('/test/client', { RedirectURL, InToken: true });

async function put(path: string, body: object) {
  const answer = await fetch(process.env.E2E_ISSUER + path, { method: 'PUT', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}
