// Fails where a visitor of the landing page is sent more JavaScript than we promise: the entry, what it imports at once,
// and the page's own part, compressed.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limit = 250_000;
const landing = 'src/features/dashboard/DashboardPage.tsx';
const manifest = JSON.parse(readFileSync('dist/assets/manifest.json', 'utf8'));

const files = new Set();
function add(key) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`${key} is not in the build: is it still loaded as a route of its own?`);
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const imported of chunk.imports ?? []) add(imported);
}
add('index.html');
add('src/app/shell/Shell.tsx');
add(landing);

const bytes = [...files].map((file) => gzipSync(readFileSync(`dist/${file}`)).length).reduce((a, b) => a + b, 0);
const kilobytes = (bytes / 1000).toFixed(0);
process.stdout.write(
  `first load: ${kilobytes} kB of JavaScript in ${files.size} files, compressed; at most ${limit / 1000}\n`,
);
if (bytes > limit) process.exit(1);
