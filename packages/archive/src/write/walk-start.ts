/**
 * When a walk began, by the clocks that stamp the files it saw. A file that changed later than that, and was read, may
 * change again under the same stamp. A file server stamps by its own clock, which may be behind the one of this host.
 */
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BytePath, type Clock, fsPath, toBytePath } from '@gofr-backup/model';

/** What is asked of the system about the clocks of file systems. */
export interface FileSystems {
  /** It stamps changes by the clock of this host. False when that is not sure. */
  isLocal(path: BytePath): boolean;
  /** Its stamp on a file that is made at this path now, and removed again, in nanoseconds; undefined: none can be made. */
  stampAt(path: string): bigint | undefined;
}

const NS_PER_MS = 1_000_000n;
/**
 * How far a clock that cannot be asked may be behind. Servers are held to less: Kerberos refuses them from here on. What
 * changed within it is read once more by the next run, and never again.
 */
const UNKNOWN_CLOCK_MS = 300_000n;

/** statfs(2): ext, xfs, btrfs, tmpfs, ramfs, overlay, f2fs, zfs, bcachefs, jfs, reiserfs, squashfs, erofs, exfat, vfat, ntfs3. */
const LOCAL_TYPES = new Set([
  ...[0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x858458f6, 0x794c7630, 0xf2f52010, 0x2fc12fc1],
  ...[0xca451a4e, 0x3153464a, 0x52654973, 0x73717368, 0xe0f5e1e2, 0x2011bab0, 0x4d44, 0x7366746e],
]);

export const systemFileSystems: FileSystems = {
  isLocal(path) {
    try {
      return LOCAL_TYPES.has(statfsSync(fsPath(path)).type);
    } catch {
      return false;
    }
  },
  stampAt(path) {
    try {
      writeFileSync(path, '', { flag: 'wx' });
    } catch {
      return undefined; // whoever writes there next says why
    }
    const { ctimeNs } = statSync(path, { bigint: true });
    rmSync(path);
    return ctimeNs;
  },
};

interface WalkStartOptions {
  clock: Clock;
  /** where nothing is yet, and an archive will be */
  archivePath: string;
  fileSystems?: FileSystems | undefined;
}

/** To be made before the first file is looked at. */
export class WalkStart {
  readonly #ours: bigint;
  readonly #fileSystems: FileSystems;
  /** the archive's device, unless it is local, and the time there */
  readonly #server: { device: bigint; stamp: bigint } | undefined;

  constructor({ clock, archivePath, fileSystems = systemFileSystems }: WalkStartOptions) {
    this.#ours = BigInt(Math.floor(clock.now())) * NS_PER_MS;
    this.#fileSystems = fileSystems;
    const directory = dirname(archivePath);
    if (fileSystems.isLocal(toBytePath(directory))) return;
    const stamp = fileSystems.stampAt(archivePath);
    if (stamp !== undefined) this.#server = { device: statSync(directory, { bigint: true }).dev, stamp };
  }

  /** In nanoseconds, by the clock that is most behind. `devices`: those that were walked, and a path on each. */
  by(devices: ReadonlyMap<bigint, BytePath>): bigint {
    const starts = Array.from(devices, ([device, path]) => this.#on(device, path));
    const least = starts.length === 0 ? this.#ours : starts.reduce((a, b) => (a < b ? a : b));
    return least < 0n ? 0n : least;
  }

  #on(device: bigint, path: BytePath): bigint {
    if (this.#server?.device === device) return this.#server.stamp;
    return this.#fileSystems.isLocal(path) ? this.#ours : this.#ours - UNKNOWN_CLOCK_MS * NS_PER_MS;
  }
}
