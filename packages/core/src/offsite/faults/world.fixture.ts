/** Two hosts, one place in a store, a clock for all, and a fault on order. */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Store } from '@gofr-backup/store';
import { faulty, MemoryStore } from '@gofr-backup/store/testing';
import { fakeClock, type FakeClock } from '@gofr-backup/testing';
import type { CopyRequest } from '../copy/copy.ts';
import { type Host, host } from '../testing.ts';
import { type Dice, dice } from './dice.fixture.ts';
import type { Pool } from './pool.fixture.ts';
import type { Trouble } from './troubles.fixture.ts';

export interface World {
  dice: Dice;
  clock: FakeClock;
  directory: string;
  /** of the store, by name */
  objects: Map<string, Buffer>;
  hosts: [Host, Host];
  /** who writes */
  writer: Host;
  pool: Pool;
  /** every archive that was made, by file name */
  made: Map<string, CopyRequest>;
  /** copies that were told to be good, and that no retention has removed */
  committed: Set<string>;
  /** copies that a deed has damaged in the store */
  hurt: Set<string>;
  /** packs that a deed has damaged, and that a listed copy names */
  hurtPacks: Set<string>;
  /** undefined: all goes well */
  trouble: Trouble | undefined;
  /** the store's clock against the hosts', in milliseconds */
  apart: number;
  /** calls of two operations at once come in any order */
  shuffled: boolean;
  log: string[];
}

export async function makeWorld(seed: number, directory: string, pool: Pool): Promise<World> {
  const world: Omit<World, 'hosts' | 'writer'> = {
    ...{
      dice: dice(seed),
      clock: fakeClock(),
      directory,
      objects: new Map(),
      apart: 0,
      shuffled: false,
      log: [],
    },
    ...{
      pool,
      made: new Map(),
      committed: new Set(),
      hurt: new Set(),
      hurtPacks: new Set(),
      trouble: undefined,
    },
  };
  const store = troubled(world);
  const { clock } = world;
  const packContent = world.dice.pick([20_000, 60_000, 1_000_000]);
  const shared = { store, clock, packContent };
  const rootOf = (name: string): string => {
    mkdirSync(join(directory, name));
    return join(directory, name);
  };
  const plain = world.dice.maybe(0.3) ? { encryption: { kind: 'none' } as const } : {};
  const one = await host(rootOf('one'), { ...shared, ...plain });
  const { encryption, identities } = one.offsite;
  const two = await host(rootOf('two'), { ...shared, encryption, identities, host: 'two' });
  return Object.assign(world, { hosts: [one, two] as [Host, Host], writer: one });
}

/** The store as the hosts see it. */
function troubled(world: Omit<World, 'hosts' | 'writer'>): Store {
  const store = new MemoryStore(world.objects, () => world.clock.now() + world.apart);
  return shuffling(
    world,
    faulty(store, (verb, name) => world.trouble?.at(verb, name)),
  );
}

/** Puts a random pause before each call, so that two operations meet at any of them. */
function shuffling(world: Pick<World, 'shuffled' | 'dice'>, store: Store): Store {
  const pause = async (): Promise<void> => {
    if (world.shuffled) for (let turns = world.dice.below(40); turns > 0; turns--) await setImmediate();
  };
  return {
    ...store,
    put: async (...asked) => (await pause(), store.put(...asked)),
    size: async (...asked) => (await pause(), store.size(...asked)),
    remove: async (...asked) => (await pause(), store.remove(...asked)),
    read: async function* (...asked) {
      await pause();
      yield* store.read(...asked);
    },
    list: async function* (...asked) {
      await pause();
      yield* store.list(...asked);
    },
  };
}

/** What a host knows at a moment; a kill leaves it as it was then. */
export function pictureOf({ offsite }: Host): () => void {
  const kept = `${offsite.cacheDir}.kept`;
  rmSync(kept, { recursive: true, force: true });
  cpSync(offsite.cacheDir, kept, { recursive: true });
  return () => {
    rmSync(offsite.cacheDir, { recursive: true, force: true });
    cpSync(kept, offsite.cacheDir, { recursive: true });
  };
}
