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
 * Pure: what is to be told, comparing what was told with what is wrong now. Never two messages for one thing: a
 * condition that goes on is not among them, whatever its text says now.
 */
export function changes(project: string, told: Raised, now: Condition[], at: string): Alert[] {
  const present = new Map(now.map((condition) => [keyOf(condition), condition]));
  const begun = [...present].filter(([key]) => !told[key]);
  const over = Object.entries(told).filter(([key]) => !present.has(key));
  return [
    ...begun.map(([, condition]): Alert => ({ ...condition, project, state: 'raised', at, since: at })),
    ...over.map(([, condition]): Alert => ({ ...condition, project, state: 'resolved', at })),
  ];
}

/** What was told, once this alert was told as well. */
export function remember(told: Raised, alert: Alert): Raised {
  const { [keyOf(alert)]: _, ...others } = told;
  if (alert.state === 'resolved') return others;
  const { kind, about, title, text, since } = alert;
  return { ...others, [keyOf(alert)]: { kind, about, title, text, since } };
}
