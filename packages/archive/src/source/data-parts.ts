/** Which parts of an open file are archived when its holes are left out. */
import { setImmediate } from 'node:timers/promises';
import { dataParts, LEAST_HOLES } from '@gofr-backup/posix';

/** What holds data, in the file. */
interface DataPart {
  position: number;
  length: number;
}

/** Parts begin and end at whole blocks of a tar stream; the last ends with the file. */
const BLOCK = 512;
/** A smaller hole is archived as zeros: it takes more place in the map than in the archive. */
const LEAST_HOLE = 4096;
/** Calls to the system between two turns of the event loop. */
const PARTS_PER_TURN = 500;

/**
 * At most `most` parts: of more, the smallest holes are archived as zeros. Undefined when the file has no holes that are
 * worth it, or nobody knows where they are.
 */
export async function archivedParts(fd: number, size: number, most: number): Promise<DataPart[] | undefined> {
  const parts = new JoinedParts(size, most);
  let found = 0;
  for (const part of dataParts(fd, size)) {
    parts.add(part);
    if (++found % PARTS_PER_TURN === 0) await setImmediate();
  }
  return size - parts.bytes >= LEAST_HOLES ? parts.list : undefined;
}

/** Parts with holes between them that are all as large as the least one. */
class JoinedParts {
  list: DataPart[] = [];
  readonly #size: number;
  readonly #most: number;
  #leastHole = LEAST_HOLE;

  constructor(size: number, most: number) {
    this.#size = size;
    this.#most = most;
  }

  get bytes(): number {
    return this.list.reduce((sum, { length }) => sum + length, 0);
  }

  add({ position, length }: DataPart): void {
    const start = position - (position % BLOCK);
    const end = Math.min(Math.ceil((position + length) / BLOCK) * BLOCK, this.#size);
    const last = this.list.at(-1);
    if (last !== undefined && start - (last.position + last.length) < this.#leastHole)
      last.length = end - last.position;
    else this.list.push({ position: start, length: end - start });
    while (this.list.length > this.#most) this.#join();
  }

  #join(): void {
    const parts = this.list;
    this.list = [];
    this.#leastHole *= 2;
    for (const part of parts) this.add(part);
  }
}
