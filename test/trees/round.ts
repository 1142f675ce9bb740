/** One tree's way through backup, change, drill and restore; answers what did not come back. */
import { existsSync } from 'node:fs';
import { drawFrom } from '../draw.ts';
import type { Python } from '../python.ts';
import { call, type Said } from './command.ts';
import { drawChanges } from './changes.ts';
import { type Fault, failureOf, textOf } from './faults.ts';
import { drawTree } from './growth.ts';
import { sorted } from './known.ts';
import { drawMounts } from './mounts.ts';
import { askFor, type Item, type Picture, pictureOf } from './picture.ts';
import { tryRestore } from './restores.ts';
import { makeScene, ORDINARY_USER, type Scene } from './scene.ts';
import { type Made, perform, rootsOf, through } from './steps.ts';
import { tryTool } from './tools.ts';

export interface Round {
  seed: number;
  log: string[];
  faults: string[];
  known: string[];
  entries: number;
  bytes: number;
  ends: Scene['ends'];
}

interface Life {
  scene: Scene;
  python: Python;
  faults: Fault[];
}

export async function playRound(seed: number, python: Python): Promise<Round> {
  const scene = makeScene(drawFrom(seed), process.getuid?.() === 0);
  const life: Life = { scene, python, faults: [] };
  let made: Made | undefined;
  try {
    await grow(life);
    made = await live(life);
  } catch (error) {
    life.faults.push({ step: 'the suite', what: 'failed', words: String((error as Error).stack) });
  } finally {
    await askFor(python, 'clear', scene.base);
  }
  const { faults, known } = sorted(scene, life.faults);
  const items = [...(made?.picture.values() ?? [])];
  return {
    ...{ seed, log: scene.log, faults: faults.map(textOf), known },
    entries: items.length,
    bytes: items.reduce((sum, { size }) => sum + size, 0),
    ends: scene.ends,
  };
}

async function grow({ scene, python }: Life): Promise<void> {
  const { base } = scene;
  const { making, looks } = drawTree(scene);
  await perform(python, scene, making);
  if (scene.user === 'ordinary') await askFor(python, 'own', [base], ORDINARY_USER);
  await perform(python, scene, looks);
  await perform(python, scene, drawMounts(scene, await pictureOf(python, rootsOf(scene))));
}

async function live(life: Life): Promise<Made | undefined> {
  const { scene, python } = life;
  const { draw } = scene;
  let made = await backUp(life);
  if (made !== undefined && draw.maybe(0.5)) {
    await perform(python, scene, drawChanges(scene, made.picture));
    made = await backUp(life);
  }
  if (made === undefined) return undefined;
  if (draw.maybe(0.15)) await judge(life, 'verify', ['verify', made.filename, '--here']);
  if (draw.maybe(0.5)) await judge(life, 'drill', ['drill', made.filename, ...through(scene)]);
  if (draw.maybe(0.3)) life.faults.push(...(await tryTool(scene, python, made)));
  life.faults.push(...(await tryRestore(scene, python, made)));
  return made;
}

/** Every byte of what is called good is there; a file that may not be read makes it no good one. */
async function backUp({ scene, python, faults }: Life): Promise<Made | undefined> {
  const picture = await pictureOf(python, rootsOf(scene));
  const said = await call(scene, ['now']);
  if (said.code !== 0) {
    if (!isIncomplete(said, picture)) faults.push(failureOf('now', said));
    return undefined;
  }
  const { backup } = said.answer as { backup: Backup };
  const warnings = (backup.warnings ?? []).map(({ path = '', message }) => `${path}: ${message}`);
  for (const { path = '', code, message } of backup.warnings ?? [])
    if (code === 'missing-component' && existsSync(path))
      faults.push({ step: 'now', what: 'failed', words: message });
  return { filename: backup.filename, sha256: backup.sha256, picture, warnings };
}

/** A directory that its owner may list and not search: it is told, and such a backup is not called good. */
function isIncomplete({ code, answer }: Said, picture: Picture): boolean {
  const { message = '' } = (answer['error'] as { message?: string } | undefined) ?? {};
  const isClosed = ({ kind, mode }: Item): boolean => kind === 'directory' && (mode & 0o100) === 0;
  return code === 77 && message.includes('is incomplete') && [...picture.values()].some(isClosed);
}

interface Backup {
  filename: string;
  sha256: string;
  warnings?: { code?: string; path?: string; message: string }[];
}

async function judge({ scene, faults }: Life, step: string, args: string[]): Promise<void> {
  const said: Said = await call(scene, args);
  if (said.code !== 0) faults.push(failureOf(step, said));
}
