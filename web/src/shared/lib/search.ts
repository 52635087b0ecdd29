// What pages keep in their URLs: anybody can write one, so that each part is read as what it may be, or left out.

/** A text that is not empty. The router reads ?q=10 as a number, which is a text all the same. */
export const text = (value: unknown) =>
  (typeof value === 'string' || typeof value === 'number') && value !== '' ? `${value}` : undefined;

/** Texts; of a list that somebody wrote by hand also a single one. */
export function texts(value: unknown): string[] | undefined {
  const all = [value].flat().flatMap((v) => text(v) ?? []);
  return all.length > 0 ? all : undefined;
}

export const flag = (value: unknown) => (typeof value === 'boolean' ? value : undefined);

/** A day that there is, as 2026-11-26, between two others. */
export function day(value: unknown, first: string, last: string): string | undefined {
  const at = new Date(`${text(value)}T00:00Z`);
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== value) return undefined;
  return value >= first && value <= last ? value : undefined;
}

/** One of the values. */
export const one = <T>(values: readonly T[], value: unknown): T | undefined => values.find((v) => v === value);

/** Leaves out what is not set, so that it is not in the URL either. */
export function clean<T extends object>(search: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** The path of the API that answers a query. */
export function apiPath(path: string, query: object): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(clean(query))) {
    for (const v of [value].flat()) params.append(name, `${v}`);
  }
  const given = params.toString();
  return `/api/v1${path}${given && `?${given}`}`;
}
