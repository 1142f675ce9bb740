/** What the restore guide was told so far; all of it stands in the address. */
export interface Asked {
  /** undefined: not said yet */
  what?: 'all' | 'path';
  /** in display form */
  path?: string;
  /** a file name */
  backup?: string;
  /** part of a name that is looked for */
  text?: string;
  /** the id of a preview */
  preview?: string;
  /** of the list of backups, from 1 */
  page?: number;
}

const LONGEST = 5000;

export function askedOf(query: Record<string, string | undefined>): Asked {
  const { path = '', backup, preview } = query;
  const isPath = path !== '' && path.length <= LONGEST;
  const what = isPath ? 'path' : query['what'] === 'all' ? 'all' : undefined;
  const text = query['q']?.trim().slice(0, 200);
  const page = Number(query['page']);
  return {
    ...(what && { what }),
    ...(isPath && { path }),
    ...(backup && { backup }),
    ...(text && { text }),
    ...(preview && { preview: preview.slice(0, 200) }),
    ...(Number.isSafeInteger(page) && page > 1 && { page }),
  };
}

/** The address of the guide, relative to the dashboard's root. */
export function guidePath({ what, path, backup, preview, page }: Asked): string {
  const query = new URLSearchParams({
    ...(path !== undefined ? { path } : what === 'all' ? { what } : {}),
    ...(backup !== undefined && { backup }),
    ...(preview !== undefined && { preview }),
    ...(page !== undefined && { page: String(page) }),
  });
  return query.size === 0 ? 'restore' : `restore?${query}`;
}
