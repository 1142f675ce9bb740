/** Bytes out of the backup directory: an archive, or one file of one. Always as a download, never shown as a page. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Hono, type Context } from 'hono';
import { BackupError, type CatalogueEntry, displayPath } from '@gofr-backup/model';
import { openRegular } from '@gofr-backup/posix';
import type { Archives } from '../sources/archives.ts';
import { decodeBytePath } from '../view/tree.ts';
import type { Env } from './access.ts';

/** `find` throws NO_SUCH_BACKUP: a name that is not in the catalogue never becomes a path. */
export function downloadRoutes(
  find: (name: string) => Promise<CatalogueEntry>,
  archives: Archives,
): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/backups/:name/download', async (c) => {
    const entry = await find(c.req.param('name'));
    return archiveResponse(c, archives.path(entry), entry.filename);
  });
  app.get('/backups/:name/file', async (c) => {
    const entry = await find(c.req.param('name'));
    const path = pathFrom(c.req.url);
    if (!path) throw new BackupError('USAGE', 'This is not a path inside an archive');
    return fileResponse(archives.content(entry, path, c.req.raw.signal), displayPath(path));
  });
  app.get('/backups/:name/folder', async (c) => {
    const entry = await find(c.req.param('name'));
    const path = pathFrom(c.req.url);
    if (path === undefined) throw new BackupError('USAGE', 'This is not a path inside an archive');
    const name = `${displayPath(path).split('/').pop() || entry.filename.replace(/\.tar.*$/, '')}.tar.gz`;
    return streamResponse(zipped(archives.tar(entry, path, c.req.raw.signal)), name);
  });
  return app;
}

/** The raw `path` of an address: file names need not be UTF-8, so the usual decoding would lose some. */
export function pathFrom(url: string): string | undefined {
  const found = /[?&]path=([^&#]*)/.exec(url)?.[1];
  return decodeBytePath(found ?? '');
}

async function archiveResponse(c: Context, path: string, name: string): Promise<Response> {
  const handle = await openRegular(path);
  const { size } = await handle.stat();
  const range = rangeOf(c.req.header('range'), size);
  const headers = { ...downloadHeaders(name), 'Accept-Ranges': 'bytes' };
  if (c.req.method === 'HEAD' || range === 'bad') {
    await handle.close();
    if (range !== 'bad')
      return new Response(null, { headers: { ...headers, 'Content-Length': String(size) } });
    return new Response(null, { status: 416, headers: { ...headers, 'Content-Range': `bytes */${size}` } });
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const stream = handle.createReadStream(size === 0 ? {} : { start, end, highWaterMark: 256 * 1024 });
  return new Response(Readable.toWeb(stream) as ReadableStream, {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      'Content-Length': String(end - start + 1),
      ...(range && { 'Content-Range': `bytes ${start}-${end}/${size}` }),
    },
  });
}

/** One range, as a resumed download asks for; several at once are answered with everything (RFC 9110, 14.2). */
function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'bad' | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return start >= size || end < start ? 'bad' : { start, end };
}

const fileResponse = (content: AsyncGenerator<Buffer>, path: string): Promise<Response> =>
  streamResponse(content, path.slice(path.lastIndexOf('/') + 1));

/** The first piece is read before anything is answered, so that a damaged archive is an error and not half a file. */
async function streamResponse(content: AsyncGenerator<Buffer>, name: string): Promise<Response> {
  const first = await content.next();
  async function* all(): AsyncGenerator<Buffer> {
    if (!first.done) yield first.value;
    yield* content;
  }
  return new Response(Readable.toWeb(Readable.from(all(), { objectMode: false })) as ReadableStream, {
    headers: downloadHeaders(name),
  });
}

/** It breaks off where the content does. */
async function* zipped(content: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const gzip = createGzip({ level: 1 });
  const fed = pipeline(Readable.from(content, { objectMode: false }), gzip);
  fed.catch(() => {}); // the reader of the stream sees it
  for await (const piece of gzip) yield piece as Buffer;
  await fed;
}

/** RFC 6266: a plain name for the old, the exact one for the others. A browser must never run what it gets. */
export function downloadHeaders(name: string): Record<string, string> {
  const plain = name.replace(/[^\x20-\x7e]|["\\%/]/g, '_');
  const exact = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  return {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename="${plain}"; filename*=UTF-8''${exact}`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
  };
}
