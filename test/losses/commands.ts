/** What users and the schedule ask for. */
import { backup, drill, list, prune, rebuild, recoverInterrupted, undelete, verify } from '@gofr-backup/core';
import type { Tier } from '@gofr-backup/model';
import { backupsIn } from './backups.ts';
import { type Command, make, nameOfBackup } from './command.ts';
import { weighted } from '../draw.ts';
import type { Project } from './project.ts';
import { makeRestore } from './restores.ts';
import type { World } from './world-state.ts';
import { contextOf } from './world.ts';

type Make = (world: World, project: Project) => Command;

export function drawCommand(world: World, project: Project): Command {
  const commands: [number, Make][] = [
    [8, makeBackup],
    [9, makeRestore],
    [4, makePrune],
    [2, makeVerify],
    [2, makeDrill],
    [2, makeUndelete],
    [1, (_, own) => make(own, 'rebuild', () => rebuild(contextOf(world, own)))],
    [1, (_, own) => make(own, 'recover', () => recoverInterrupted(contextOf(world, own)))],
    [1, (_, own) => make(own, 'list', () => list(contextOf(world, own)))],
  ];
  return weighted(world.draw, commands)(world, project);
}

export function makeBackup(world: World, project: Project): Command {
  const trigger = world.draw.pick(['manual', 'schedule'] as const);
  const tier = weighted<Tier>(world.draw, [
    [5, 'daily'],
    [1, 'weekly'],
    [1, 'monthly'],
  ]);
  const run = () => backup(contextOf(world, project), { trigger, tier });
  return make(project, 'backup', run, { words: `${trigger} ${tier}`, prunes: true });
}

const makePrune: Make = (world, project) => {
  const request = { dryRun: world.draw.maybe(0.2), force: world.draw.maybe(0.4) };
  const run = () => prune(contextOf(world, project), request);
  return make(project, 'prune', run, { words: JSON.stringify(request), prunes: !request.dryRun });
};

const makeVerify: Make = (world, project) => {
  const which = world.draw.pick(['latest', 'all', 'oldest-verified'] as const);
  return make(project, 'verify', () => verify(contextOf(world, project), { which }), { words: which });
};

const makeDrill: Make = (world, project) => {
  const request = { backup: nameOfBackup(world, project) };
  return make(project, 'drill', () => drill(contextOf(world, project), request), { words: request.backup });
};

const makeUndelete: Make = (world, project) => {
  const trashed = backupsIn(world.backupDir).filter(({ inTrash }) => inTrash);
  const filename =
    trashed.length === 0 ? 'gofr-plot_daily_20200101_000000.tar' : world.draw.pick(trashed).name;
  const run = async () => {
    await undelete(contextOf(world, project), filename);
    world.pinned.add(filename);
  };
  return make(project, 'undelete', run, { words: filename });
};
