import { type CatalogueEntry, isInDoubt } from '@gofr-backup/model';
import { readChecksum, type Repository } from '../repository/index.ts';

/** The checksum that the archive must have: the signed record's, else its sidecar's, else what an unsigned record claims. */
export async function expectedSha256(
  repository: Repository,
  entry: CatalogueEntry,
): Promise<string | undefined> {
  if (entry.sha256 !== undefined && !isInDoubt(entry)) return entry.sha256;
  const checksum = await readChecksum(repository.checksumPathOf(entry), entry.filename);
  return checksum.kind === 'hash' ? checksum.sha256 : entry.sha256;
}
