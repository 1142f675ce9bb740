/** The catalogue, read anew only when something in the backup directory has changed. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Catalogue, type Clock, TIERS } from '@gofr-backup/model';

/** The part of the repository that this cache needs. */
interface Readable {
  backupDir: string;
  catalogue(): Promise<Catalogue>;
}

/** A change this soon after the last reading may carry the same time stamp; milliseconds. */
const GRANULARITY = 2000;
/**
 * The catalogue is read anew after this long whatever the time stamps say, because network file systems cache them;
 * milliseconds.
 */
const LONGEST = 60_000;
/**
 * A directory that takes longer to read is read in the background, and the answer is the catalogue known before;
 * milliseconds.
 */
const SLOW = 150;

export interface CachedCatalogue {
  read(): Promise<Catalogue>;
  /** The directory as it is now, however long that takes: for decisions. */
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

  async function compareStamps(): Promise<{ held?: Catalogue; anew(): Promise<Catalogue> }> {
    const { stamp, newest } = await stampOf(watched);
    const anew = () => (reading ??= readAnew(stamp, newest).finally(() => (reading = undefined)));
    const valid = held?.stamp === stamp && held.settled && clock.monotonic() - held.at < LONGEST;
    return held && valid ? { held: held.catalogue, anew } : { anew };
  }

  return {
    version: () => version,
    async read() {
      const { held: known, anew } = await compareStamps();
      if (known) return known;
      const answer = anew();
      if (!held || held.took < SLOW) return answer;
      answer.catch(() => {}); // The next reading reports the failure.
      return held.catalogue;
    },
    async current() {
      // A reading that is under way may have begun before the last change.
      await reading?.catch(() => {});
      const { held: known, anew } = await compareStamps();
      return known ?? anew();
    },
  };
}

async function stampOf(paths: readonly string[]): Promise<{ stamp: string; newest: number }> {
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  const stamp = stats.map((one) => (one ? `${one.ino}.${one.mtimeNs}.${one.size}` : '-')).join(' ');
  return { stamp, newest: Math.max(0, ...stats.map((one) => Number(one?.mtimeMs ?? 0n))) };
}
