/** The alerts for a person: one when something goes wrong, one when it is right again or a person has seen it. */
import {
  type Acknowledgement,
  alertId,
  type AlertKind,
  type Condition,
  type OpenAlert,
} from '@gofr-backup/model';

/** What a person gets. `at` and `since` are ISO 8601 UTC. */
export interface Message {
  kind: AlertKind | 'summary';
  about: string;
  project: string;
  state: 'raised' | 'resolved' | 'summary';
  title: string;
  text: string;
  at: string;
  since: string;
  /** a page that shows more */
  link?: string;
}

/** A condition that has begun, got worse, ended or was acknowledged. */
export interface Alert extends Condition, Message {
  kind: AlertKind;
  state: 'raised' | 'resolved';
  /** resolved by a person, though the condition goes on */
  acknowledged?: Acknowledgement;
}

/** The conditions for which an alert was sent, by `alertId`, kept until they end. */
export type Raised = Record<string, OpenAlert>;

export interface Look {
  project: string;
  /** what is wrong now */
  conditions: readonly Condition[];
  /** by `alertId`: asked for by persons since the look before */
  acknowledgements?: Readonly<Record<string, Acknowledgement>>;
  /** ISO 8601 UTC */
  at: string;
}

/**
 * The alerts to send, by comparing the alerts sent before with the conditions of now. Pure. A condition that goes on
 * gets no second alert, even when its text has changed; an acknowledged one is told again when it got worse.
 */
export function changes(told: Raised, { project, conditions, acknowledgements = {}, at }: Look): Alert[] {
  const present = new Map(conditions.map((condition) => [alertId(condition), condition]));
  const over = Object.entries(told).filter(([id, { acknowledged }]) => !present.has(id) && !acknowledged);
  return [
    ...[...present].flatMap(([id, condition]): Alert[] => {
      const before = told[id];
      const shared = { ...condition, project, at, since: before?.since ?? at };
      if (!before || (before.acknowledged && isWorse(condition, before)))
        return [{ ...shared, state: 'raised' }];
      const acknowledged = before.acknowledged ? undefined : acknowledgements[id];
      return acknowledged ? [{ ...shared, state: 'resolved', acknowledged }] : [];
    }),
    ...over.map(([, open]): Alert => ({ ...open, project, state: 'resolved', at })),
  ];
}

const isWorse = (now: Condition, before: Condition): boolean => (now.degree ?? 0) > (before.degree ?? 0);

/** What was acknowledged and is over ends without a word: its end was told when it was acknowledged. */
export function withoutEnded(told: Raised, conditions: readonly Condition[]): Raised {
  const present = new Set(conditions.map(alertId));
  return Object.fromEntries(
    Object.entries(told).filter(([id, { acknowledged }]) => !acknowledged || present.has(id)),
  );
}

/** The conditions raised, after this alert was sent as well. */
export function remember(told: Raised, alert: Alert): Raised {
  const { [alertId(alert)]: _, ...others } = told;
  if (alert.state === 'resolved' && !alert.acknowledged) return others;
  const { project: _project, state: _state, at: _at, ...open } = alert;
  return { ...others, [alertId(alert)]: open };
}
