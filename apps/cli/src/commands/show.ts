import { show } from '@gofr-backup/core';
import {
  type CatalogueEntry,
  formatCount,
  formatDuration,
  formatSize,
  formatTime,
  formatTimestamp,
  isFuture,
  systemClock,
} from '@gofr-backup/model';
import type { Session } from '../session.ts';
import { columns } from '../columns.ts';

export async function run(session: Session, [name = 'latest']: string[]): Promise<void> {
  const entry = await show(session.context('show'), name);
  session.answer(entry, entryLines(session, entry));
}

export function entryLines({ paint, settings }: Session, entry: CatalogueEntry): string[] {
  const rows = facts(entry, settings.timezone).filter(([, value]) => value !== undefined) as [
    string,
    string,
  ][];
  const warnings = (entry.warnings ?? []).map(({ message }) => `${paint.warn('warning:')} ${message}`);
  return [paint.bold(entry.filename), ...columns(rows), ...warnings];
}

const inFuture = (entry: CatalogueEntry) =>
  isFuture(entry, systemClock.now()) ? '(in the future: it counts for nothing until then)' : undefined;

const milliseconds = (value: number | undefined) => (value === undefined ? undefined : formatDuration(value));

function facts(entry: CatalogueEntry, timezone: string): [string, string | undefined][] {
  const time = (iso: string): string => formatTime(Date.parse(iso), timezone);
  const drill =
    entry.last_drill_at && `${time(entry.last_drill_at)}${entry.last_drill_ok === false ? ' (failed)' : ''}`;
  return [
    ['  tier', entry.tier],
    ['  status', entry.status],
    [
      '  adopted',
      entry.adopted ? 'yes: not made by this installation, as far as its records tell' : undefined,
    ],
    ['  pinned', entry.pinned ? 'yes: never pruned' : undefined],
    [
      '  created',
      [formatTimestamp(entry.timestamp), entry.timezone, inFuture(entry)].filter(Boolean).join(' '),
    ],
    ['  trigger', entry.trigger],
    ['  size', formatSize(entry.size_bytes)],
    ['  from', entry.source_bytes === undefined ? undefined : formatSize(entry.source_bytes)],
    ['  files', entry.files === undefined ? undefined : formatCount(entry.files, 'file')],
    ['  components', entry.components?.join(', ')],
    ['  compression', [entry.compression, entry.compression_level].filter(Boolean).join(' ') || undefined],
    ['  made in', milliseconds(entry.duration_ms)],
    ['  verified', entry.verified ? (entry.verified_at ? time(entry.verified_at) : 'yes') : 'no'],
    ['  last drill', drill],
    ['  sha256', entry.sha256],
  ];
}
