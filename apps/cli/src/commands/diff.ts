import { type ChangedEntry, diff, type Difference, type DiffOutcome } from '@gofr-backup/core';
import { type ArchiveEntry, displayPath, formatCount } from '@gofr-backup/model';
import type { Session } from '../session.ts';
import { listed, type ListedFile } from './files.ts';

interface ListedChange {
  path: string;
  what: Difference[];
  before: ListedFile;
  after: ListedFile;
}

export async function run(session: Session, [from = '', to = '']: string[]): Promise<void> {
  answerDiff(session, await diff(session.context('diff'), from, to));
}

export function answerDiff(session: Session, outcome: DiffOutcome): void {
  const document = {
    from: outcome.from,
    to: outcome.to,
    added: outcome.added.map(listed),
    removed: outcome.removed.map(listed),
    changed: outcome.changed.map(listedChange),
  };
  session.answer(document, render(session, outcome));
}

const listedChange = ({ before, after, what }: ChangedEntry): ListedChange => ({
  path: displayPath(after.path),
  what,
  before: listed(before),
  after: listed(after),
});

/** + added, - removed, M another content, T another type, U attributes alone */
function render({ paint }: Session, { from, to, added, removed, changed }: DiffOutcome): string[] {
  const lines = [
    ...removed.map((entry) => [entry, paint.bad(`- ${name(entry)}`)] as const),
    ...added.map((entry) => [entry, paint.good(`+ ${name(entry)}`)] as const),
    ...changed.map(
      ({ after, what }) => [after, `${sign(what)} ${name(after)}  (${what.join(', ')})`] as const,
    ),
  ];
  const sorted = lines.toSorted(([a], [b]) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const summary =
    lines.length === 0
      ? `${from} and ${to} hold the same`
      : `${formatCount(added.length, 'entry', 'entries')} added, ${removed.length} removed, ${changed.length} changed`;
  return [...sorted.map(([, line]) => line), ...(lines.length === 0 ? [] : ['']), summary];
}

const name = ({ path, type }: ArchiveEntry): string =>
  `${displayPath(path)}${type === 'directory' ? '/' : ''}`;

function sign(what: Difference[]): string {
  if (what.includes('type')) return 'T';
  return what.includes('content') || what.includes('target') ? 'M' : 'U';
}
