import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const program = resolve('../bin/patch-manager');

/** Where the stack of the tests keeps what its processes run with. */
const state = (...path: string[]) => join(process.env.E2E_STATE ?? '', ...path);

/** A variable of the file that the stack writes for other clients. */
export function stackVariable(name: string): string {
  const line = new RegExp(`^${name}='?([^'\n]+)`, 'm').exec(readFileSync(state('env'), 'utf8'));
  if (!line?.[1]) throw new Error(`the stack has no ${name}`);
  return line[1];
}

/** The address of another database on the server of the stack. */
export function databaseURL(name: string): string {
  const url = new URL(stackVariable('DATABASE_URL'));
  url.pathname = `/${name}`;
  return url.href;
}

/** Carries out statements on a database and returns what they print. */
export function sql(database: string, statements: string): Promise<string> {
  return run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', database], { in: statements });
}

/**
 * Has checks of the hosts with a label flip as the results of a poller have them, each in a transaction of its own with its
 * event, at a rate a second for some seconds. It ends when that is done.
 */
export async function flood(
  database: string,
  { label, rate, seconds }: { label: string; rate: number; seconds: number },
) {
  const began = Date.now();
  await sql(
    database,
    `do $$
declare
    began timestamptz := clock_timestamp();
    checks uuid[] := array(select c.id from host_health_checks c join hosts h on h.id = c.host_id where h.labels ? '${label}');
    one uuid;
begin
    for i in 1..${rate * seconds} loop
        perform pg_sleep(greatest(0, extract(epoch from began + i * interval '1 second' / ${rate} - clock_timestamp())));
        one := checks[1 + floor(random() * cardinality(checks))];
        insert into health_check_states as s (check_id, host_id, outcome, healthy, detail, latency_ms, checked_at, since, shown, shown_since)
        select id, host_id, 'healthy', true, 'active', 5, clock_timestamp(), clock_timestamp(), 'healthy', clock_timestamp()
        from host_health_checks where id = one
        on conflict (check_id) do update set healthy = not s.healthy, consecutive = 1, checked_at = clock_timestamp(),
            since = clock_timestamp(), outcome = case when s.healthy then 'unhealthy' else 'healthy' end,
            shown = case when s.healthy then 'unhealthy' else 'healthy' end, shown_since = clock_timestamp();
        insert into events (kind, subject_id, payload)
        select 'check.changed', check_id, jsonb_build_object('host_id', host_id, 'check_id', check_id, 'outcome', outcome)
        from health_check_states where check_id = one;
        commit;
    end loop;
end $$;`,
  );
  return { events: rate * seconds, seconds: (Date.now() - began) / 1000 };
}

interface Running {
  in?: string;
  env?: Record<string, string>;
}

/** Carries out a program to its end and returns what it printed. */
export function run(path: string, args: string[], { in: input = '', env = {} }: Running = {}): Promise<string> {
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let out = '';
  let problems = '';
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (problems += text));
  child.stdin.end(input);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === 0) done(out.trim());
      else fail(new Error(`${path} ${args[0]} ended with ${code}:\n${problems}`));
    });
  });
}

/** One more process of the API, on a port of its own that it keeps over restarts. */
export class ApiServer {
  private process: ChildProcess | undefined;
  private readonly dir = mkdtempSync(join(tmpdir(), 'patch-manager-e2e-api-'));

  private constructor(
    readonly url: string,
    readonly env: Record<string, string>,
  ) {}

  /** Prepares one that works on the database of the stack and with its keys, or on another database with keys of its own. */
  static async on(database?: string): Promise<ApiServer> {
    const [port] = await freePorts(1);
    const server = new ApiServer(`http://127.0.0.1:${port}`, {});
    const keys = database ? join(server.dir, 'keys') : state('keys');
    const pki = state('pki');
    Object.assign(server.env, {
      PATCH_MANAGER_API__LISTEN: `127.0.0.1:${port}`,
      PATCH_MANAGER_DATABASE__URL: database ?? stackVariable('DATABASE_URL'),
      PATCH_MANAGER_KEYS__HEALTH_CHECK: join(keys, 'health-check.key'),
      PATCH_MANAGER_KEYS__AUDIT: join(keys, 'audit.key'),
      PATCH_MANAGER_AGENT__CA: join(pki, 'ca.pem'),
      PATCH_MANAGER_AGENT__CA_KEY: join(pki, 'ca-key.pem'),
      PATCH_MANAGER_AGENT__CERT: join(pki, 'client.pem'),
      PATCH_MANAGER_AGENT__KEY: join(pki, 'client-key.pem'),
      TEMPORAL_ADDRESS: stackVariable('TEMPORAL_ADDRESS'),
      TEMPORAL_NAMESPACE: 'default',
      TEMPORAL_CONFIG_FILE: '/dev/null',
    });
    return server;
  }

  /** Carries out another command of the product with what this process runs with. */
  command(args: string[], input = ''): Promise<string> {
    return run(program, args, { in: input, env: this.env });
  }

  /** Starts it and waits until it answers. */
  async start() {
    const path = join(this.dir, 'api.log');
    const log = openSync(path, 'a');
    const child = spawn(program, ['api'], { stdio: ['ignore', log, log], env: { ...process.env, ...this.env } });
    this.process = child;
    const until = Date.now() + 60_000;
    while (!(await fetch(`${this.url}/readyz`).catch(() => undefined))?.ok) {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`no API:\n${readFileSync(path, 'utf8')}`);
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  /** Ends it and waits until it has ended. */
  async end(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM') {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  /** Ends it for good. */
  async remove() {
    await this.end('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Signs somebody in and returns the cookies. */
export async function openSession(url: string, user: string, password: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ user, password }),
  });
  if (!answer.ok) throw new Error(`signing in: ${answer.status} ${await answer.text()}`);
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

/** Ports that nobody listens on at this moment, below those that Linux gives to outgoing connections. */
export async function freePorts(n: number): Promise<number[]> {
  const ports: number[] = [];
  for (let port = 30_000 + (process.pid % 25) * 100; ports.length < n; port++) if (await isFree(port)) ports.push(port);
  return ports;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}
