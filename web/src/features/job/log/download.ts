import type { LogLine } from '../../../api';

/** Saves the lines as a file, each behind the moment at which it came. */
export function download(name: string, lines: readonly LogLine[]) {
  const text = lines.map((l) => `${l.at} ${l.line}\n`).join('');
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
