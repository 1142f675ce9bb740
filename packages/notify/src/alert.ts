/** What a person is told, and when: once when something goes wrong, once when it is right again. */

export const ALERT_KINDS = [
  'backup-failed',
  'backup-overdue',
  'worker-silent',
  'corrupt',
  'prune-held',
  'disk-nearly-full',
  'drill-failed',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** Something that is wrong now. `about` tells two of one kind apart, e.g. the name of the corrupt backup. */
export interface Condition {
  kind: AlertKind;
  about: string;
  title: string;
  text: string;
}

/** One message: a condition that has begun or ended. `at` and `since` are ISO 8601 UTC. */
export interface Alert extends Condition {
  project: string;
  state: 'raised' | 'resolved';
  at: string;
  since: string;
}

export const keyOf = (condition: Pick<Condition, 'kind' | 'about'>): string =>
  `${condition.kind}/${condition.about}`;

/** A condition somebody was told of, kept until it ends. */
export type Raised = Record<string, Condition & { since: string }>;

/**
 * Pure: compares what was told with what is wrong now. Never two messages for one thing: a condition that goes on is
 * in neither list, whatever its text says now.
 */
export function changes(
  project: string,
  told: Raised,
  now: Condition[],
  at: string,
): { alerts: Alert[]; raised: Raised } {
  const raised: Raised = {};
  const alerts: Alert[] = [];
  for (const condition of now) {
    const key = keyOf(condition);
    if (raised[key]) continue;
    const known = told[key];
    raised[key] = { ...condition, since: known?.since ?? at };
    if (!known) alerts.push({ ...condition, project, state: 'raised', at, since: at });
  }
  for (const [key, condition] of Object.entries(told)) {
    if (!raised[key]) alerts.push({ ...condition, project, state: 'resolved', at });
  }
  return { alerts, raised };
}
