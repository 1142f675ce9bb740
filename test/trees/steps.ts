/** What the steps of a round share. */
import { lstatSync } from 'node:fs';
import type { Python } from '../python.ts';
import { latin } from './growth.ts';
import { askFor, type Deed, type Picture } from './picture.ts';
import { ORDINARY_USER, type Scene } from './scene.ts';

/** A backup, with a picture of what it was made of. */
export interface Made {
  filename: string;
  sha256: string;
  picture: Picture;
  warnings: string[];
}

export async function perform(python: Python, scene: Scene, deeds: Deed[]): Promise<void> {
  const { log, parts, user } = scene;
  const failed = await askFor<[number, string][]>(python, 'do', deeds);
  const reasons = new Map(failed);
  if (user === 'ordinary')
    await askFor(
      python,
      'own',
      parts.map(({ root }) => latin(root)),
      ORDINARY_USER,
    );
  for (const [n, deed] of deeds.entries())
    log.push(`   ${JSON.stringify(deed).slice(0, 200)}${reasons.has(n) ? `: ${reasons.get(n)}` : ''}`);
}

export const rootsOf = ({ parts }: Scene): [string, string][] =>
  parts
    .filter(({ root }) => lstatSync(root, { throwIfNoEntry: false }) !== undefined)
    .map(({ root, archivePath }) => [latin(archivePath), latin(root)]);

/** Mostly in the process itself: that costs less. */
export const through = ({ draw }: Scene): string[] => (draw.maybe(0.1) ? [] : ['--here']);
