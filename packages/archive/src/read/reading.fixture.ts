/** Helpers for the tests of the reader. */
import { mkdirSync } from 'node:fs';
import { noProgress, type Ports, silentLogger, systemClock } from '@gofr-backup/model';
import { openArchive } from './open.ts';
import type { ArchiveReader, ExtractOptions, ExtractReport, OpenArchiveOptions } from '../types.ts';

export function testPorts(signal = new AbortController().signal): Ports {
  return { clock: systemClock, logger: silentLogger, progress: noProgress, signal };
}

/** Closes itself at the end of the scope. */
export async function opened(
  options: Pick<OpenArchiveOptions, 'archivePath'> & Partial<OpenArchiveOptions>,
): Promise<ArchiveReader & AsyncDisposable> {
  const reader = await openArchive({ ...testPorts(), threads: 1, ...options });
  return Object.assign(reader, { [Symbol.asyncDispose]: () => reader.close() });
}

/** Extracts into a new directory, without syncing it. */
export async function extractTo(
  archivePath: string,
  directory: string,
  options: Partial<ExtractOptions> & { indexPath?: string } = {},
): Promise<ExtractReport> {
  mkdirSync(directory);
  const { indexPath, ...rest } = options;
  await using reader = await opened({ archivePath, ...(indexPath !== undefined && { indexPath }) });
  return await reader.extract({ ...testPorts(), directory, ...rest });
}

export async function collect(content: AsyncIterable<Buffer>): Promise<Buffer> {
  return Buffer.concat(await listOf(content));
}

export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
