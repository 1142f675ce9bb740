/** What alerts are about, and what is known of one that is not over. */

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
  /** grows when it gets worse; without it, it cannot */
  degree?: number;
}

/** A person has seen it. `at` is ISO 8601 UTC. */
export interface Acknowledgement {
  /** e.g. `root on the command line` */
  by: string;
  at: string;
}

/** A condition for which an alert was sent, until it ends. */
export interface OpenAlert extends Condition {
  /** ISO 8601 UTC */
  since: string;
  acknowledged?: Acknowledgement;
}

/** `backup-failed`, or `corrupt/gofr-plot_daily_20260301_020000.tar.gz` */
export const alertId = ({ kind, about }: { kind: string; about: string }): string =>
  about === '' ? kind : `${kind}/${about}`;
