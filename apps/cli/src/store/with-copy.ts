/** One copy of a store: opened where it lies, or fetched. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArrivingArchive,
  beginFetch,
  Copies,
  entryPath,
  openCopy,
  type OpenedCopy,
  removeDirectory,
  searchCopies,
  type Searched,
} from '@gofr-backup/core';
import { archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { type StoreOptions, withStore } from './given.ts';

/** Fetches what is asked of it, and no more. */
export function withCopy<T>(
  session: Session,
  options: StoreOptions,
  name: string,
  work: (copy: OpenedCopy, filename: string) => Promise<T>,
): Promise<T> {
  return withStore(session, options, (offsite) =>
    inScratch(tmpdir(), async (scratch) => {
      const copies = await Copies.open(offsite);
      const found = copies.find(name);
      await using copy = await openCopy(offsite, copies, found, scratch);
      return await work(copy, found.name.filename);
    }),
  );
}

/** A path of the archive, or a place on the disk below a component, as it is in the archive. */
export const storedPath = ({ plan }: Session, given: string): string => entryPath(plan, archivePath(given));

/** For the commands that look into all copies: their indexes are fetched. */
export function withSearched<T>(
  session: Session,
  options: StoreOptions,
  work: (among: Searched) => Promise<T>,
): Promise<T> {
  return withStore(session, options, (offsite) =>
    inScratch(tmpdir(), async (scratch) => work(await searchCopies(offsite, scratch))),
  );
}

/**
 * Fetches a copy into a backup directory of its own, which lasts as long as the work. `near`: a directory with room for it. The
 * work gets a session whose backup directory that is. `arriving`: it is still coming, see `beginFetch`; absent: all of it is there.
 */
export function withFetched<T>(
  session: Session,
  options: StoreOptions,
  { name, near }: { name: string; near: string },
  work: (session: Session, filename: string, arriving?: ArrivingArchive) => Promise<T>,
): Promise<T> {
  return withStore(session, options, (offsite) =>
    inScratch(near, async (scratch) => {
      const copies = await Copies.open(offsite);
      const copy = copies.find(name);
      const { filename } = copy.name;
      const prefix = filename.replace(/_(?:daily|weekly|monthly)_\d{8}_.*$/, '');
      const { keyDir: _, ...plan } = session.plan;
      await using arriving = await beginFetch(copies, copy, scratch);
      return await work(sessionOf(session, { ...plan, backupDir: scratch, prefix }), filename, arriving);
    }),
  );
}

function sessionOf(session: Session, plan: Session['plan']): Session {
  return { ...session, plan, context: (verb) => ({ ...session.context(verb), plan }) };
}

async function inScratch<T>(parent: string, work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(parent, '.gofr-backup-fetched-'));
  try {
    return await work(directory);
  } finally {
    await removeDirectory(directory);
  }
}
