/** One life of two projects, by chance; answers what was lost. */
import type { Archives } from './archives.ts';
import { lostBackups, touchedInBackupDir } from './backup-rules.ts';
import { drawCommand, makeBackup } from './commands.ts';
import { lostBytes, touched } from './data-rules.ts';
import { drawFrom } from '../draw.ts';
import { grow } from './growth.ts';
import { mischief } from './mischief.ts';
import { play, type Scene } from './scene.ts';
import { badBackups, lockedOut, wrongVerdicts } from './verdict-rules.ts';
import type { World } from './world-state.ts';
import { endWorld, makeWorld } from './world.ts';

const HOUR = 3_600_000;
const COMMANDS = 10;
const RULES = [lostBytes, touched, lostBackups, touchedInBackupDir, wrongVerdicts, lockedOut, badBackups];

export interface Round {
  seed: number;
  log: string[];
  losses: string[];
  /** code: `done`, or the error's */
  ends: { kind: string; code: string }[];
}

export async function playRound(seed: number, archives: Archives, canMount: boolean): Promise<Round> {
  const world = makeWorld(drawFrom(seed), canMount);
  const round: Round = { seed, log: world.log, losses: [], ends: [] };
  try {
    for (const project of world.projects) grow(world, project, 12);
    for (let n = 0; n < COMMANDS && round.losses.length === 0; n++) await step(world, archives, round, n);
  } finally {
    endWorld(world);
  }
  return round;
}

async function step(world: World, archives: Archives, round: Round, n: number): Promise<void> {
  const { draw, log } = world;
  if (draw.maybe(0.6)) for (const back of world.undo.splice(0).reverse()) back();
  world.clock.advance((1 + draw.below(60)) * HOUR);
  const project = n === 1 || draw.maybe(0.2) ? world.projects[1] : world.projects[0];
  if (draw.maybe(0.6)) grow(world, project, 1 + draw.below(6));
  const deed = n > 1 && draw.maybe(0.5) ? mischief(world, project) : undefined;
  if (deed !== undefined) log.push(`  ${deed}`);
  const command = n < 2 ? makeBackup(world, project) : drawCommand(world, project);
  const scene = await play(world, command, archives);
  const { error } = scene;
  round.ends.push({ kind: command.kind, code: error?.code ?? 'done' });
  log.push(
    `${command.words}: ${error === undefined ? 'done' : `${error.code} (${error.message}: ${error.why})`}`,
  );
  round.losses.push(...judge(scene));
}

function judge(scene: Scene): string[] {
  const { world, after } = scene;
  for (const { name, inTrash } of after.backups)
    if (!inTrash) world.trashedAt.delete(name);
    else if (!world.trashedAt.has(name)) world.trashedAt.set(name, world.clock.now());
  return RULES.flatMap((rule) => [...rule(scene)]);
}
