/** Archives of one tree as it changes, made once: to make them takes longer than all the rest. */
import { linkSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyRequest } from '../copy/copy.ts';
import { type Host, host, noise } from '../testing.ts';
import { type Dice, dice } from './dice.fixture.ts';

interface Made {
  sha256: string;
  sizeBytes: number;
}

export interface Pool {
  /** The n-th archive, with its index, below the `daily` of a host. */
  place(n: number, root: string): Made;
}

const ARCHIVES = 10;

export async function makePool(directory: string): Promise<Pool> {
  const maker = await host(directory);
  const chance = dice(1);
  const requests: CopyRequest[] = [];
  for (let n = 0; n < ARCHIVES; n++) {
    change(chance, maker, n);
    requests.push(await maker.backup(n));
  }
  return {
    place(n, root) {
      const { archivePath, entry } = requests[n % ARCHIVES]!;
      const name = entry.filename.replace(/\d{6}\.tar/, `${String(n).padStart(6, '0')}.tar`);
      for (const suffix of ['', '.idx']) linkSync(archivePath + suffix, join(root, 'daily', name + suffix));
      return { sha256: entry.sha256!, sizeBytes: entry.size_bytes };
    },
  };
}

function change(chance: Dice, maker: Host, n: number): void {
  for (let times = n === 0 ? 20 : chance.below(6); times >= 0; times--) {
    const content = noise(`${n} ${times}`, 500 + chance.below(20_000));
    maker.write({ [`c/${chance.below(30)}.png`]: chance.maybe(0.2) ? undefined : content });
  }
}
