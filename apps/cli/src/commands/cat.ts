import { cat } from '@gofr-backup/core';
import { archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { writeOut } from '../stream.ts';

export async function run(session: Session, [name = '', given = '']: string[]): Promise<void> {
  const path = archivePath(given);
  await writeContent(session, { backup: name, path, content: cat(session.context('cat'), name, path) });
}

interface Content {
  backup: string;
  path: string;
  content: AsyncIterable<Buffer>;
}

export async function writeContent(session: Session, { backup, path, content }: Content): Promise<void> {
  if (!session.json) {
    for await (const chunk of content) await writeOut(chunk);
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  session.answer(
    { backup, path, size: bytes.length, encoding: 'base64', content: bytes.toString('base64') },
    [],
  );
}
