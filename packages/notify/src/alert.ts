/** The alerts for a person: one when something goes wrong, one when it is right again. */

export const ALERT_KINDS = [
  'backup-failed',
  'backup-overdue',
  'worker-silent',
  'queue-away',
  'corrupt',
  'prune-held',
  'disk-nearly-full',
  'drill-failed',
  'data-gone',
  'copy-failed',
  'copy-overdue',
  'copy-damaged',
  'copy-drill-failed',
  'copy-lock-ends',
  'key-unproved',
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

/** The conditions for which an alert was sent, kept until they end. */
export type Raised = Record<string, Condition & { since: string }>;

/**
 * The alerts to send, by comparing the alerts sent before with the conditions of now. Pure. A condition that goes on
 * gets no second alert, even when its text has changed.
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

/** The conditions raised, after this alert was sent as well. */
export function remember(told: Raised, alert: Alert): Raised {
  const { [keyOf(alert)]: _, ...others } = told;
  if (alert.state === 'resolved') return others;
  const { kind, about, title, text, since } = alert;
  return { ...others, [keyOf(alert)]: { kind, about, title, text, since } };
}
