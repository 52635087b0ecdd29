import type { Setting } from '../../api';

/** The settings by the first part of their keys, in the order in which they come. */
export function bySection(settings: readonly Setting[]): [name: string, items: Setting[]][] {
  const sections = new Map<string, Setting[]>();
  for (const setting of settings) {
    const name = setting.key.split('.')[0] ?? setting.key;
    sections.set(name, [...(sections.get(name) ?? []), setting]);
  }
  return [...sections];
}

/** The variable of the environment that sets it. */
export const variableOf = (key: string) => `PATCH_MANAGER_${key.toUpperCase().replaceAll('.', '__')}`;
