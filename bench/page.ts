/**
 * `node bench/page.ts [--backups 2000] [--rounds 50]`: how long the dashboard takes to answer with its first page, and how
 * much a browser loads for it. The section goes into docs/performance.md; `--print` only prints it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeBackupDirectory } from './backup-directories.ts';
import { median } from './measure.ts';
import { PAGE, replaceSection } from './section.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const MAIN = join(ROOT, 'apps/cli/src/main.ts');
const { values } = parseArgs({
  options: {
    backups: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '50' },
    print: { type: 'boolean', default: false },
  },
});

interface Answer {
  ms: number;
  bytes: number;
  text: string;
}

const count = Number(values.backups);
const directory = join(ROOT, '.cache/bench/page');
const { environment } = await makeBackupDirectory(directory, MAIN, { count, shared: false });
const text = await measured({ ...environment, GOFR_PLOT_BACKUP_DASHBOARD_PORT: '0' });
if (values.print) console.log(text);
else replaceSection(join(ROOT, 'docs/performance.md'), PAGE, text);

async function measured(env: NodeJS.ProcessEnv): Promise<string> {
  const service = spawn(process.execPath, [MAIN, 'dashboard'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(service, 'exit');
  try {
    const url = await Promise.race([urlOf(service.stdout), urlOf(service.stderr)]);
    const first = await ask(url, 'identity');
    const later: number[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      later.push((await ask(url, 'gzip')).ms);
      await sleep(20);
    }
    const assets = [...first.text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
    const loaded = await Promise.all(['/', ...assets].map((path) => ask(new URL(path, url).href, 'gzip')));
    const bytes = loaded.reduce((sum, one) => sum + one.bytes, 0);
    return report(first.ms, later, bytes);
  } finally {
    service.kill('SIGTERM');
    await ended;
  }
}

function report(first: number, later: number[], bytes: number): string {
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  return `With ${count.toLocaleString('en')} backups, over loopback, without a queue. Aims: 100 ms, 25 KB. Made by \`node bench/page.ts\`.

| the first page | |
| --- | ---: |
| first answer after the start, catalogue and all | ${ms(first)} |
| later answers, median of ${later.length} | ${ms(median(later))} |
| later answers, the slowest | ${ms(Math.max(...later))} |
| page, style, script and icon, gzipped | ${(bytes / 1000).toFixed(1)} KB |`;
}

/** From its log. */
async function urlOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('the dashboard ended before it was up');
}

/** `bytes`: as they come, compressed or not. */
async function ask(url: string, encoding: string): Promise<Answer> {
  const began = performance.now();
  const asking = request(url, { headers: { accept: 'text/html', 'accept-encoding': encoding } }).end();
  const [answer] = (await once(asking, 'response')) as [AsyncIterable<Buffer> & { statusCode?: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`);
  return { ms: performance.now() - began, bytes: body.length, text: body.toString() };
}
