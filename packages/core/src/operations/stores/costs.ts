/** What a store costs: what lies there, and what goes there and comes back in a month. Prices are the provider's. */
import { DAY, type StorePlan } from '@gofr-backup/model';
import type { Look } from '../../offsite/index.ts';

const MONTH = 30;
/** objects that one request lists */
const A_LIST = 1000;

/** Requests by the way in which providers tell them apart, and bytes. */
export interface Traffic {
  puts: number;
  lists: number;
  /** reads of an object, or of what is known of it */
  gets: number;
  sent_bytes: number;
  read_bytes: number;
}

export interface StoreCosts {
  stored: { objects: number; bytes: number };
  /** what a copy adds, by those of the last month; the first one sends all */
  a_copy: { packs: number; bytes: number };
  a_month: Traffic & { copies: number };
}

type Limits = Pick<StorePlan, 'verifyDays' | 'drillDays' | 'lockDays'>;

/** `drills`: copies can be read without a person. `now`: ms since the epoch. */
export function costsOf(
  look: Look,
  plan: Limits,
  { now, drills }: { now: number; drills: boolean },
): StoreCosts {
  const { packs, recipes, indexes, trash } = look.inventory;
  const sizes = [...packs.values(), ...recipes.values(), ...indexes.values()];
  const stored = { objects: sizes.length + trash.size, bytes: sum(sizes) };
  const { copies, each } = lastMonth(look, now);
  const runs = timesOf(copies, runOf(look, each, plan.lockDays !== undefined));
  const a_month = added(
    added(runs, verifyOf(look, MONTH / plan.verifyDays)),
    drillOf(look, drills ? MONTH / plan.drillDays : 0),
  );
  return { stored, a_copy: each, a_month: { copies, ...rounded(a_month) } };
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((all, one) => all + one, 0);

/** How often copies came, and what each added. */
function lastMonth(
  { copies: { copies }, inventory }: Look,
  now: number,
): { copies: number; each: StoreCosts['a_copy'] } {
  const known = new Set<string>();
  const came = copies
    .map(({ recipe }) => ({ recipe, at: Date.parse(recipe.arrived) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ recipe, at }, n) => {
      const news = recipe.packs.filter(({ sha256 }) => !known.has(sha256));
      for (const { sha256 } of news) known.add(sha256);
      return {
        at,
        isFirst: n === 0,
        packs: news.length,
        bytes: sum(news.map(({ sha256 }) => inventory.packs.get(sha256) ?? 0)),
      };
    });
  const recent = came.filter(({ at }) => at > now - MONTH * DAY);
  const later = recent.filter(({ isFirst }) => !isFirst);
  const counted = later.length > 0 ? later : recent;
  const mean = (of: (one: (typeof came)[number]) => number): number =>
    sum(counted.map(of)) / Math.max(1, counted.length);
  const days = Math.max(1, (now - (recent[0]?.at ?? now)) / DAY);
  const isOld = came.length > recent.length;
  return {
    copies: Math.round((recent.length * MONTH) / (isOld ? MONTH : Math.min(MONTH, days))),
    each: { packs: Math.ceil(mean(({ packs }) => packs)), bytes: Math.round(mean(({ bytes }) => bytes)) },
  };
}

const NOTHING: Traffic = { puts: 0, lists: 0, gets: 0, sent_bytes: 0, read_bytes: 0 };

/** One run that makes one copy. */
function runOf({ inventory, copies }: Look, each: StoreCosts['a_copy'], locks: boolean): Traffic {
  const { recipes, indexes, packs, writers } = inventory;
  const objects = packs.size + recipes.size + indexes.size + inventory.trash.size;
  const mean = (sizes: Map<string, number>): number => sum(sizes.values()) / Math.max(1, sizes.size);
  // beside the packs: index and recipe
  const puts = each.packs + 2;
  const locked = locks ? (copies.copies[0]?.recipe.packs.length ?? 0) + 1 : 0;
  return {
    ...{ puts: puts + locked, lists: 2 * Math.ceil((objects + 1) / A_LIST) },
    // every put is looked at; every recipe is read; what says who writes there, and how
    gets: puts + 2 * locked + recipes.size + FORMAT_READ + WRITER_ASKED + 2 * writers.length,
    sent_bytes: each.bytes + mean(recipes) + mean(indexes),
    read_bytes: sum(recipes.values()),
  };
}

/** How often a run reads who writes there, besides its two looks at all of them, and what says how. */
const WRITER_ASKED = 2;
const FORMAT_READ = 1;

const verifyOf = ({ inventory: { packs } }: Look, times: number): Traffic =>
  timesOf(times, { ...NOTHING, gets: packs.size, read_bytes: sum(packs.values()) });

function drillOf({ inventory, copies: { copies } }: Look, times: number): Traffic {
  const packs = copies[0]?.recipe.packs ?? [];
  const bytes = sum(packs.map(({ sha256 }) => inventory.packs.get(sha256) ?? 0));
  return timesOf(times, { ...NOTHING, gets: packs.length + 1, read_bytes: bytes });
}

const mapped = (of: (key: keyof Traffic) => number): Traffic => ({
  ...{ puts: of('puts'), lists: of('lists'), gets: of('gets') },
  ...{ sent_bytes: of('sent_bytes'), read_bytes: of('read_bytes') },
});
const timesOf = (times: number, traffic: Traffic): Traffic => mapped((key) => traffic[key] * times);
const added = (a: Traffic, b: Traffic): Traffic => mapped((key) => a[key] + b[key]);
const rounded = (traffic: Traffic): Traffic => mapped((key) => Math.round(traffic[key]));
