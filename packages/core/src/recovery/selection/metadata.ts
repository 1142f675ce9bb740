/** Which files of a directory a component takes. */
import type { BytePath, Component } from '@gofr-backup/model';

export type Select = Component['select'];

/** As in the settings: `metadata.json` and `*.metadata.json`. */
export function isMetadata(path: BytePath): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === 'metadata.json' || name.endsWith('.metadata.json');
}

export function selects(select: Select, path: BytePath): boolean {
  return select === 'all' || (select === 'metadata-only') === isMetadata(path);
}
