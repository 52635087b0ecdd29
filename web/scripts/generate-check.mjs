// Fails where src/api/generated is not what the OpenAPI document makes.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const fresh = mkdtempSync(join(tmpdir(), 'patch-manager-client-'));
try {
  execFileSync('openapi-ts', ['--silent', '--output', fresh], { stdio: 'inherit' });
  execFileSync('diff', ['-r', fresh, 'src/api/generated'], { stdio: 'inherit' });
} catch {
  process.stderr.write('src/api/generated is not up to date, run make openapi\n');
  process.exitCode = 1;
} finally {
  rmSync(fresh, { recursive: true });
}
