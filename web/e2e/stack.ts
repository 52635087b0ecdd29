import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client, expectClient, startProvider } from './provider';
import { freePorts, openSession, program, stackVariable } from './servers';

/**
 * Starts the product as `make dev` does, with a state and ports of its own and short waits, and stops it after the tests.
 * Where E2E_URL is set, the stack is one that runs already, with its E2E_CONTROL, E2E_PASSWORD, E2E_STATE and E2E_TOKEN.
 */
export default async function startStack() {
  if (process.env.E2E_URL) return signInOnce();
  const dir = mkdtempSync(join(tmpdir(), 'patch-manager-e2e-'));
  const ports = await freePorts(7);
  const api = `127.0.0.1:${ports[0]}`;
  const log = join(dir, 'stack.log');
  const out = openSync(log, 'w');
  const provider = await startProvider(dir);
  const stack = spawn(program, ['dev', '--dir', join(dir, 'state')], {
    stdio: ['ignore', out, out],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      LANG: 'C.UTF-8',
      PATCH_MANAGER_API__LISTEN: api,
      PATCH_MANAGER_DEV_POSTGRES_PORT: `${ports[1]}`,
      PATCH_MANAGER_DEV_TEMPORAL_PORT: `${ports[2]}`,
      PATCH_MANAGER_DEV_TEMPORAL_UI_PORT: `${ports[3]}`,
      PATCH_MANAGER_DEV_AGENT_PORT: `${ports[4]}`,
      PATCH_MANAGER_DEV_WEB_PORT: `${ports[5]}`,
      PATCH_MANAGER_DEV_CONTROL_PORT: `${ports[6]}`,
      PATCH_MANAGER_GATE__RETRY_INTERVAL: '20s',
      PATCH_MANAGER_HEALTH__POLL_INTERVAL: '15s',
      // A window of five minutes closes for starts a minute after it opened.
      PATCH_MANAGER_WINDOWS__CUTOFF: '4m',
      // A patch of the simulated hosts takes some seconds; one of which nothing is heard for so long is indeterminate.
      PATCH_MANAGER_PATCH__FOLLOW_TIMEOUT: '30s',
      PATCH_MANAGER_OIDC__ISSUER: provider.issuer,
      PATCH_MANAGER_OIDC__CLIENT_ID: client.id,
      PATCH_MANAGER_OIDC__CLIENT_SECRET: client.secret,
      PATCH_MANAGER_OIDC__ROLE_MAPPINGS: 'auditors=viewer:Web servers',
    },
  });
  await ready(stack, log);
  process.env.E2E_URL = `http://${api}`;
  process.env.E2E_ISSUER = provider.issuer;
  await expectClient(`http://${api}/api/v1/auth/oidc/callback`);
  process.env.E2E_CONTROL = `http://127.0.0.1:${ports[6]}`;
  process.env.E2E_PASSWORD = readFileSync(join(dir, 'state/password'), 'utf8').trim();
  process.env.E2E_STATE = join(dir, 'state');
  process.env.E2E_TOKEN = stackVariable('PATCH_MANAGER_TOKEN');
  await signInOnce();
  return async () => {
    const ended = new Promise((done) => stack.once('exit', done));
    stack.kill('SIGTERM');
    await ended;
    provider.stop();
    rmSync(dir, { recursive: true, force: true });
  };
}

/** Tests share one session of the administrator: signing in for each would be too often for one user. */
async function signInOnce() {
  process.env.E2E_SESSION = await openSession(process.env.E2E_URL ?? '', 'dev', process.env.E2E_PASSWORD ?? '');
}

async function ready(stack: ChildProcess, log: string) {
  const until = Date.now() + 120_000;
  while (!readFileSync(log, 'utf8').includes('Ctrl-C stops everything')) {
    if (stack.exitCode !== null || Date.now() > until) {
      stack.kill('SIGKILL');
      throw new Error(`the stack did not start:\n${readFileSync(log, 'utf8')}`);
    }
    await new Promise((next) => setTimeout(next, 200));
  }
}
