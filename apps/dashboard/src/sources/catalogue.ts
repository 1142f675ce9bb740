/** The catalogue, read anew only when something in the backup directory has changed. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Catalogue, type Clock, TIERS } from '@gofr-backup/model';

/** What of the repository this needs. */
interface Readable {
  backupDir: string;
  catalogue(): Promise<Catalogue>;
}

/** A change within this long of the last look may carry the same time stamp; milliseconds. */
const GRANULARITY = 2000;
/** Looked at anew after this long whatever the time stamps say: network file systems cache them. */
const LONGEST = 60_000;
/** A directory that takes longer to read is read behind the answer, which tells what was known before. */
const SLOW = 150;

export interface CachedCatalogue {
  read(): Promise<Catalogue>;
  /** As the directory is now, however long that takes: for what is decided by it. */
  current(): Promise<Catalogue>;
  /** changes with every reading: for what is derived from the catalogue */
  version(): number;
}

export function cachedCatalogue(repository: Readable, clock: Clock): CachedCatalogue {
  const watched = [...TIERS, 'manifest.json'].map((name) => join(repository.backupDir, name));
  let held: { stamp: string; settled: boolean; at: number; took: number; catalogue: Catalogue } | undefined;
  let reading: Promise<Catalogue> | undefined;
  let version = 0;

  async function readAnew(stamp: string, newest: number): Promise<Catalogue> {
    const settled = clock.now() - newest > GRANULARITY;
    const began = clock.monotonic();
    const catalogue = await repository.catalogue();
    const at = clock.monotonic();
    held = { stamp, settled, at, took: at - began, catalogue };
    version++;
    return catalogue;
  }

  async function look(): Promise<{ held?: Catalogue; anew(): Promise<Catalogue> }> {
    const { stamp, newest } = await stampOf(watched);
    const anew = () => (reading ??= readAnew(stamp, newest).finally(() => (reading = undefined)));
    const valid = held?.stamp === stamp && held.settled && clock.monotonic() - held.at < LONGEST;
    return held && valid ? { held: held.catalogue, anew } : { anew };
  }

  return {
    version: () => version,
    async read() {
      const { held: known, anew } = await look();
      if (known) return known;
      const answer = anew();
      if (!held || held.took < SLOW) return answer;
      answer.catch(() => {}); // told to the next who asks
      return held.catalogue;
    },
    async current() {
      // one that is under way may have begun before the last change
      await reading?.catch(() => {});
      const { held: known, anew } = await look();
      return known ?? anew();
    },
  };
}

async function stampOf(paths: readonly string[]): Promise<{ stamp: string; newest: number }> {
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  const stamp = stats.map((one) => (one ? `${one.ino}.${one.mtimeNs}.${one.size}` : '-')).join(' ');
  return { stamp, newest: Math.max(0, ...stats.map((one) => Number(one?.mtimeMs ?? 0n))) };
}
