import { exportTar } from '@gofr-backup/core';
import { BackupError } from '@gofr-backup/model';
import { archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { writeOut } from '../stream.ts';

export async function run(session: Session, [name = '', path]: string[]): Promise<void> {
  refuseToPrint(session);
  await writeTar(session, exportTar(session.context('export'), name, path && archivePath(path)));
}

export async function writeTar(session: Session, tar: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of tar) await writeOut(chunk);
  session.screen.clear();
}

/** Throws USAGE where a tar stream is of no use. */
export function refuseToPrint({ json }: Session): void {
  if (!json && process.stdout.isTTY !== true) return;
  throw new BackupError('USAGE', 'export writes a tar stream to standard output', {
    why: json ? 'a tar stream is not a JSON document' : 'standard output is a terminal',
    hint: 'Redirect or pipe it, e.g. gofr-backup export latest data/storage | tar -x -C DIR.',
  });
}
