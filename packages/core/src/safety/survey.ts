/** The catalogue digested once: instants beside entries, and the few of them every page asks for. */
import {
  type Catalogue,
  type CatalogueEntry,
  countsAsGood,
  isFutureTime,
  type Tier,
  TIERS,
} from '@gofr-backup/model';
import { madeAt } from './moment.ts';

export interface Dated {
  entry: CatalogueEntry;
  /** milliseconds since the epoch; NaN when unknown */
  at: number;
}

export interface Survey {
  /** newest first */
  all: readonly Dated[];
  good: (dated: Dated) => boolean;
  newest: Dated | undefined;
  newestGood: Dated | undefined;
  newestGoodOf: ReadonlyMap<Tier, Dated>;
  corrupt: readonly Dated[];
  /** dated in the future; they count for nothing else here */
  future: readonly Dated[];
  lastDrill: { entry: CatalogueEntry; at: number; ok: boolean } | undefined;
  lastDrillOf: ReadonlyMap<Tier, { at: number; ok: boolean }>;
  /** bytes as listed; hard links between tiers counted in full */
  bytes: number;
}

export interface SurveyOptions {
  timezone: string;
  now: number;
  unverifiedIsGood: boolean;
}

/** A backup dated in the future proves nothing about freshness, so it is never the newest good one. */
export function survey(catalogue: Catalogue, options: SurveyOptions): Survey {
  const all = catalogue.map((entry) => ({ entry, at: madeAt(entry, options.timezone) }));
  const good = ({ entry }: Dated) => countsAsGood(entry, options);
  const { now } = options;
  const past = all.filter(({ at }) => !Number.isNaN(at) && !isFutureTime(at, now));
  const newestGoodOf = new Map<Tier, Dated>();
  const lastDrillOf = new Map<Tier, { at: number; ok: boolean }>();
  for (const tier of TIERS) {
    const ofTier = past.filter(({ entry }) => entry.tier === tier);
    const newest = newestOf(ofTier.filter(good));
    if (newest) newestGoodOf.set(tier, newest);
    const drill = lastDrill(ofTier, now);
    if (drill) lastDrillOf.set(tier, { at: drill.at, ok: drill.ok });
  }
  return {
    all,
    good,
    newest: newestOf(past),
    newestGood: newestOf(past.filter(good)),
    newestGoodOf,
    corrupt: all.filter(({ entry }) => entry.status === 'corrupt'),
    future: all.filter(({ at }) => isFutureTime(at, now)),
    lastDrill: lastDrill(all, now),
    lastDrillOf,
    bytes: catalogue.reduce((sum, entry) => sum + entry.size_bytes, 0),
  };
}

function newestOf(dated: readonly Dated[]): Dated | undefined {
  return dated.reduce<Dated | undefined>((best, one) => (best && best.at >= one.at ? best : one), undefined);
}

/** A drill dated in the future does not count, because it would hide all later drills. */
function lastDrill(
  dated: readonly Dated[],
  now: number,
): { entry: CatalogueEntry; at: number; ok: boolean } | undefined {
  let best: { entry: CatalogueEntry; at: number; ok: boolean } | undefined;
  for (const { entry } of dated) {
    if (entry.last_drill_at === undefined) continue;
    const at = Date.parse(entry.last_drill_at);
    if (!isFutureTime(at, now) && !(best && best.at >= at))
      best = { entry, at, ok: entry.last_drill_ok !== false };
  }
  return best;
}
