/** The engine as a process of its own, for the bench: no queue, no Redis, only archive in and archive out. */
import { createWriteStream, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CreateArchiveOptions, OpenArchiveOptions } from '@gofr-backup/archive';
import { noProgress, type Ports, silentLogger, systemClock } from '@gofr-backup/model';

const ports: Ports = {
  clock: systemClock,
  logger: silentLogger,
  progress: noProgress,
  signal: new AbortController().signal,
};
const THREADS = 2;
// as the command line does
enableCompileCache(join(import.meta.dirname, 'compiled'));
const { createArchive, openArchive } = await import('@gofr-backup/archive');
const [verb, ...args] = process.argv.slice(2) as [string, ...string[]];

const VERBS: Record<string, (...args: string[]) => Promise<unknown>> = {
  create,
  extract,
  cat,
  verify,
  'node-tar': nodeTar,
};
await VERBS[verb]?.(...args);

async function create(archive = '', name = 'gzip', level = '6', source = '', previous = '', mode = 'copy') {
  const options: CreateArchiveOptions = {
    ...ports,
    components: [{ name: 'corpus', root: source, archivePath: 'data', select: 'all' }],
    exclude: [],
    codec: { name: name as CreateArchiveOptions['codec']['name'], level: Number(level) },
    archivePath: resolve(archive),
    indexPath: resolve(`${archive}.idx`),
    threads: THREADS,
    readThreads: 2 * THREADS,
    linkUnchanged: mode === 'link',
    ...(previous && existsSync(previous)
      ? {
          previous: {
            archivePath: resolve(previous),
            indexPath: resolve(`${previous}.idx`),
            sha256: sumOf(previous),
          },
        }
      : {}),
  };
  rmSync(options.archivePath, { force: true });
  rmSync(options.indexPath, { force: true });
  const result = await createArchive(options);
  writeFileSync(`${archive}.sum`, result.sha256);
}

function sumOf(archive: string): string {
  return readFileSync(`${archive}.sum`, 'utf8');
}

function open(archive: string) {
  const options: OpenArchiveOptions = {
    ...ports,
    archivePath: resolve(archive),
    indexPath: resolve(`${archive}.idx`),
    threads: THREADS,
  };
  return openArchive(options);
}

async function extract(archive = '', directory = '') {
  const reader = await open(archive);
  // as tar and restic: what is on the way to the disk when they end is not waited for
  await reader.extract({ ...ports, directory: resolve(directory) });
  await reader.close();
}

async function cat(archive = '', path = '') {
  const reader = await open(archive);
  await pipeline(reader.content(`data/${path}`), createWriteStream('', { fd: 1 }));
  await reader.close();
}

async function verify(archive = '') {
  const reader = await open(archive);
  const report = await reader.verify(ports, sumOf(archive));
  await reader.close();
  if (!report.ok) throw new Error(JSON.stringify(report.problems.slice(0, 3)));
}

async function nodeTar(archive = '', source = '') {
  const { create: tarCreate } = await import('tar');
  await tarCreate({ file: archive, gzip: { level: 6 }, cwd: source, portable: false }, ['.']);
}
