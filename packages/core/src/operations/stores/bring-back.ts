/** Brings a copy back from a store: the archive gets its place in the backup directory again. */
import { BackupError, type CatalogueEntry, type OperationContext, shellWord } from '@gofr-backup/model';
import { Copies, fetchBackup, type Offsite, type StoredCopy } from '../../offsite/index.ts';
import { prefixOf } from '../../repository/index.ts';
import { repositoryOf, underLock } from '../context.ts';
import { verify } from '../verify/index.ts';

/**
 * `name`: a file name, or `latest`. The archive is proved twice: by the SHA-256 of its recipe while it comes, and by a verify when
 * it is there; only the verify takes the lock. An archive that is here already is answered as it is.
 */
export async function bringBack(
  ctx: OperationContext,
  offsite: Offsite,
  name: string,
): Promise<CatalogueEntry> {
  const copies = await Copies.open(offsite);
  const copy = copies.find(name);
  const { filename } = copy.name;
  const { backupDir, prefix } = ctx.plan;
  refusePrefix(filename, prefix);
  if (await fetchBackup(copies, copy, backupDir))
    await underLock(ctx, 'verify', (_, inner) => verify(inner, { names: [filename] }));
  const present = await (await repositoryOf(ctx)).find(filename);
  refuseOther(present, copy, offsite);
  return present;
}

/** It would be counted as another project's, and no command would find it. */
function refusePrefix(filename: string, prefix: string): void {
  const of = prefixOf(filename);
  if (of === prefix) return;
  throw new BackupError('CONFIG', `${filename} cannot become a backup of this project`, {
    why: `its prefix is ${of}, and PREFIX is ${prefix}`,
    hint: `Set PREFIX=${shellWord(of ?? '')} for this command, or restore with \`--to DIR\`.`,
  });
}

function refuseOther(present: CatalogueEntry, { recipe }: StoredCopy, { name }: Offsite): void {
  if (present.sha256 === recipe.entry.sha256) return;
  throw new BackupError('DECLINED', `${present.filename} is here already, and is another archive`, {
    why: `its SHA-256 is not that of the copy in the store ${name}`,
    hint: 'Nothing was replaced. Restore the copy with `--store … --to DIR`, or move the archive here aside.',
  });
}
