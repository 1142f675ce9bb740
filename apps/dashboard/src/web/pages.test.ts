import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createArchive } from '@gofr-backup/archive';
import { copyPlansFrom, type Environment, loadSettings, planFrom } from '@gofr-backup/config';
import { copyBackups, openRepository, withLock } from '@gofr-backup/core';
import { type CatalogueEntry, noProgress, silentLogger, systemClock } from '@gofr-backup/model';
import { connect, enqueue, openQueue, rememberJob } from '@gofr-backup/queue';
import { makeTree, privateRedis, traceCollector, waitFor, type Tree } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { backupAt, visit, type Visitor } from '../visitor.fixture.ts';

const directory = () => mkdtemp(join(tmpdir(), 'gofr-dashboard-'));
const NOW = Date.parse('2025-12-13T08:00:00Z');
const HOUR = 3600_000;
/** the kind of a span, in OTLP's numbers */
const PRODUCER = 4;

/** A backup made by the engine and the repository. */
async function makeBackup(backupDir: string, tree: Tree): Promise<CatalogueEntry> {
  const root = await makeTree(join(await directory(), 'storage'), tree);
  const clock = systemClock;
  const ports = { clock, logger: silentLogger };
  const repository = await openRepository({
    ...ports,
    backupDir,
    project: 'plot',
    prefix: 'gofr-plot',
    timezone: 'UTC',
  });
  return withLock(repository, { owner: 'a test', ports }, async () => {
    const reserved = await repository.reserve({ tier: 'daily', at: clock.now(), compression: 'gzip' });
    const made = await createArchive({
      ...{ ...ports, progress: noProgress, signal: new AbortController().signal },
      ...{
        archivePath: reserved.archivePath,
        indexPath: reserved.indexPath,
        exclude: [],
        threads: 1,
        linkUnchanged: false,
      },
      components: [{ name: 'storage', root, archivePath: 'data/storage', select: 'all' }],
      codec: { name: 'gzip', level: 6 },
    });
    return repository.commit(reserved, { sha256: made.sha256, status: 'good', files: made.files });
  });
}

const NASTY = {
  '<script>alert(1)<': 'one',
  '"><img src=x onerror=alert(1)>': 'two',
  "'; rm -rf & `x` $(y)": 'three',
  'line\nbreak': 'four',
  'caf\udce9': 'latin1',
  '?path=..%2f..%2fetc#x': 'five',
  'žluťoučký 🐎.txt': 'six',
  deep: { down: { 'file.bin': Buffer.from([0, 1, 2, 255]) } },
} satisfies Tree;

test('hostile file names are shown as text and downloaded byte for byte', async () => {
  const backupDir = await directory();
  const { filename } = await makeBackup(backupDir, NASTY);
  await using visitor = await visitHere(backupDir);
  const page = await visitor.text(`./backups/${filename}?path=data/storage`);
  expect(page).not.toContain('<script>alert');
  expect(page).not.toContain('<img');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;');
  expect(page).toContain(String.raw`caf\xe9`);
  const links = [...page.matchAll(/href="([^"]+\/file\?path=[^"]+)"/g)].map(([, link = '']) =>
    link.replaceAll('&amp;', '&'),
  );
  const contents = new Set<string>();
  for (const link of links) {
    const answer = await visitor.ask(link);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="[\x20-\x7e]+"; filename\*=UTF-8''[!-~]+$/,
    );
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    contents.add(await answer.text());
  }
  expect([...contents].sort()).toEqual(['five', 'four', 'latin1', 'one', 'six', 'three', 'two']);
  const bytes = await (
    await visitor.ask(`./backups/${filename}/file?path=data/storage/deep/down/file.bin`)
  ).arrayBuffer();
  expect([...new Uint8Array(bytes)]).toEqual([0, 1, 2, 255]);
});

test('the archive downloads whole and in part, as a resumed download asks for it', async () => {
  const backupDir = await directory();
  const { filename, sha256 } = await makeBackup(backupDir, { a: 'x'.repeat(5000) });
  await using visitor = await visitHere(backupDir);
  const get = (range?: string) =>
    visitor.ask(`./backups/${filename}/download`, range ? { headers: { range } } : {});
  const whole = Buffer.from(await (await get()).arrayBuffer());
  expect(createHash('sha256').update(whole).digest('hex')).toBe(sha256);
  for (const [range, expected] of [
    ['bytes=10-19', whole.subarray(10, 20)],
    ['bytes=100-', whole.subarray(100)],
    ['bytes=-7', whole.subarray(-7)],
    ['bytes=0-999999', whole],
  ] as const) {
    const answer = await get(range);
    expect(answer.status).toBe(206);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(expected);
  }
  expect((await get(`bytes=${whole.length}-`)).status).toBe(416);
  const head = await visitor.ask(`./backups/${filename}/download`, { method: 'HEAD' });
  expect(head.headers.get('content-length')).toBe(String(whole.length));
});

test('a folder comes as .tar.gz; the guide tells what became of it, and a click restores only below the roots', async () => {
  const backupDir = await directory();
  const { filename } = await makeBackup(backupDir, NASTY);
  await using visitor = await visitHere(backupDir);
  const answer = await visitor.ask(`./backups/${filename}/folder?path=data/storage/deep`);
  expect(answer.headers.get('content-disposition')).toContain('filename="deep.tar.gz"');
  const listed = execFileSync('tar', ['-tz'], { input: Buffer.from(await answer.arrayBuffer()) });
  expect(listed.toString()).toContain('data/storage/deep/down/file.bin');
  expect((await visitor.ask(`./backups/${filename}/folder?path=data/none`)).status).toBe(404);
  expect(await visitor.text('./restore?q=FILE')).toContain('data/storage/deep/down/file.bin');
  expect(await visitor.text('./restore?path=data/storage/deep')).toContain('1 file, 4 B');
  expect(await visitor.text('./restore?path=data/none')).toContain('No backup holds it');
  expect((await visitor.ask('./restore?backup=none')).status).toBe(404);
  const typed = await visitor.text(`./restore?what=all&backup=${filename}`);
  expect(typed).toContain(`gofr-backup restore ${filename} --to /somewhere/new`);
  expect(typed).not.toContain('actions/restore');
  const asked = { backup: filename, root: '/etc' };
  expect((await visitor.submit('./actions/restore', asked)).status).toBe(400);
});

test('a name that is not in the catalogue never becomes a path', async () => {
  const backupDir = await directory();
  const { filename } = await makeBackup(backupDir, { a: 'content' });
  await writeFile(join(backupDir, 'daily/secret.txt'), 'do not show');
  await writeFile(join(backupDir, 'secret.txt'), 'do not show');
  await using visitor = await visitHere(backupDir);
  const names = [
    '..%2fmanifest.json',
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    'secret.txt',
    '..%2fsecret.txt',
    `${filename}.sha256`,
    `..%2fdaily%2f${filename}`,
    '%00',
    `${filename}%00`,
  ];
  for (const name of names) {
    const answer = await visitor.ask(`./backups/${name}/download`);
    expect([name, answer.status]).toEqual([name, 404]);
    expect(await answer.text()).not.toContain('do not show');
  }
  for (const path of [
    '../../../etc/passwd',
    '/etc/passwd',
    'data/../../x',
    '%2e%2e/secret.txt',
    'data/storage/missing',
    'data',
    '',
  ]) {
    const answer = await visitor.ask(`./backups/${filename}/file?path=${path}`);
    expect([path, answer.status >= 400]).toEqual([path, true]);
  }
});

test('words of others - warnings, job failures, searches - are shown as text', async () => {
  const evil = '<img src=x onerror=alert(1)>';
  const warnings = [{ code: evil, path: evil, message: evil }];
  const entry = backupAt('2025-12-13T02:00:00Z', {
    status: 'incomplete',
    verified: false,
    warnings,
    components: [evil],
  });
  await using visitor = await visit(await directory(), {}, [entry]);
  const pages = [
    `./backups/${entry.filename}`,
    `./backups?q=${encodeURIComponent(evil)}`,
    `./backups/${encodeURIComponent(evil)}`,
    `./jobs/${encodeURIComponent(evil)}`,
    './',
  ];
  for (const path of pages) expect(await visitor.text(path)).not.toContain('<img');
});

test('no name or message drives what shows it: no control character, no override of direction', async () => {
  const evil = '\u001b]0;x\u0007\u009b31m\u202egnp.exe\u2066\u200f\r\u0085';
  const backupDir = await directory();
  const entry = backupAt('2025-12-13T02:00:00Z', {
    ...{ status: 'incomplete', verified: false, components: [evil], compression_level: 6 },
    warnings: [{ code: evil, path: evil, message: evil }],
  });
  await mkdir(join(backupDir, '.gofr-backup'));
  const failed = { state: 'failed', at: '2025-12-13T02:00:00Z', code: 'DISK_FULL', message: evil };
  await writeFile(join(backupDir, '.gofr-backup/last-run.json'), JSON.stringify(failed));
  await using redis = await privateRedis();
  const connection = await connect(redis.url, { mode: 'command' });
  const queue = openQueue('plot', connection);
  const job = await queue.bull.add('strange', { tier: evil, names: [evil] }, { jobId: 'job-evil' });
  await job.log(evil);
  await queue.close();
  connection.close();
  await using visitor = await visit(backupDir, { BACKUP_REDIS_URL: redis.url }, [entry]);
  await waitFor(async () => (await visitor.text('./jobs')).includes('job-evil'));
  const said = encodeURIComponent(evil);
  const pages = [
    ...['./', './backups', './prune', './jobs', './jobs/job-evil', `./backups/${entry.filename}`],
    ...[`./backups?q=${said}`, `./backups/${said}`, `./jobs/${said}`],
  ];
  for (const path of pages)
    expect([path, /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/u.exec(await visitor.text(path))?.[0]]).toEqual([
      path,
      undefined,
    ]);
  expect(await visitor.text('./jobs/job-evil')).toContain(
    '\\x1b]0;x\\x07\\xc2\\x9b31m\\xe2\\x80\\xaegnp.exe',
  );
});

test('what is pinned and what is dated in the future is marked, in the table and on its page', async () => {
  const pinned = backupAt('2025-12-13T02:00:00Z', { pinned: true });
  const ahead = backupAt('2099-12-13T02:00:00Z');
  await using visitor = await visit(await directory(), {}, [pinned, ahead]);
  const table = await visitor.text('./backups');
  expect(table.match(/>pinned</g)).toHaveLength(1);
  expect(table.match(/>in the future</g)).toHaveLength(1);
  expect(await visitor.text(`./backups/${pinned.filename}`)).toContain('>pinned<');
  expect(await visitor.text(`./backups/${ahead.filename}`)).toContain('>in the future<');
  expect(await visitor.text('./')).toContain(`${ahead.filename} is dated in the future.`);
});

test('the table filters and pages, and keeps what was asked for in its links', async () => {
  const entries = Array.from({ length: 120 }, (_, i) =>
    backupAt(new Date(NOW - i * 24 * HOUR).toISOString()),
  );
  await using visitor = await visit(await directory(), {}, entries);
  const page = await visitor.text('./backups?q=2025&tier=daily&page=2');
  expect(page).toContain('Page 2 of');
  expect(page).toContain('tier=daily&amp;q=2025&amp;page=1');
  expect(await visitor.text('./backups?tier=weekly')).toContain('No backups found.');
});

test('ten thousand backups make no page bigger than a first paint may be', async () => {
  const entries = Array.from({ length: 10_000 }, (_, i) => backupAt(new Date(NOW - i * HOUR).toISOString()));
  await using visitor = await visit(await directory(), {}, entries);
  for (const path of ['./', './backups', './backups?page=200', './backups?q=2025-01', './prune']) {
    expect((await visitor.text(path)).length).toBeLessThan(150_000);
  }
  expect(await visitor.text('./backups')).toContain('10,000 backups');
});

test('the first page is small at first sight: under 25 KB with all that it needs, also with 2,000 backups', async () => {
  const entries = Array.from({ length: 2000 }, (_, i) => backupAt(new Date(NOW - i * HOUR).toISOString()));
  await using visitor = await visit(await directory(), {}, entries);
  const sizeOf = async (path: string) => {
    const { stdout } = await promisify(execFile)(
      'curl',
      ['-sH', 'Accept-Encoding: gzip', new URL(path, visitor.url).href],
      {
        encoding: 'buffer',
      },
    );
    return stdout.length;
  };
  const page = await visitor.text('./');
  const assets = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
  expect(assets).toHaveLength(3);
  const sizes = await Promise.all(['./', ...assets].map(sizeOf));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(25_000);
});

test('before the first backup the page says what it needs, as doctor does', async () => {
  await using visitor = await visit(await directory());
  const page = await visitor.text('./');
  expect(page).toContain('Before the first backup');
  expect(page).toContain('No worker has looked at the data yet');
  expect(page).toContain('no backup tells yet how much it takes');
  expect(page).not.toContain('class="timeline"');
});

test('a prune is refused when the plan is not the one that was shown', async () => {
  const entries = Array.from({ length: 6 }, (_, i) => backupAt(new Date(NOW - i * 24 * HOUR).toISOString()));
  await using visitor = await visit(await directory(), { BACKUP_RETENTION_DAYS: '1' }, entries);
  const page = await visitor.text('./prune');
  expect(page).toContain('3 would be removed');
  expect(page).toContain('older than 1 day');
  const stale = await visitor.submit('./actions/prune', { plan: '0'.repeat(32) }, './prune');
  expect(stale.headers.get('location')).toBe('/prune?said=changed');
  const [, plan = ''] = /name="plan" value="([^"]+)"/.exec(page) ?? [];
  expect((await visitor.submit('./actions/prune', { plan }, './prune')).status).toBe(503); // the queue is not there
  expect(await readdir(join(visitor.backupDir, 'daily'))).toHaveLength(6);
});

test('what holds a prune is said where its button would be', async () => {
  const entries = Array.from({ length: 6 }, (_, i) => backupAt(new Date(NOW - i * 24 * HOUR).toISOString()));
  await using visitor = await visit(await directory(), { BACKUP_RETENTION_DAYS: '1' }, entries);
  expect(await visitor.text('./prune')).toContain('action="/actions/prune"');
  const state = join(visitor.backupDir, '.gofr-backup');
  await mkdir(state, { recursive: true });
  const failed = {
    state: 'failed',
    at: '2025-12-13T02:00:00Z',
    code: 'DISK_FULL',
    message: 'the disk is full',
  };
  await writeFile(join(state, 'last-run.json'), JSON.stringify(failed));
  const held = await visitor.text('./prune');
  expect(held).toContain('the disk is full');
  expect(held).not.toContain('action="/actions/prune"');
});

test('actions become jobs in the queue, once each, by page and by script; a waiting one can be cancelled', async () => {
  await using redis = await privateRedis();
  const token = 'a-token-for-scripts-0123';
  const entry = backupAt('2025-12-13T02:00:00Z');
  const env = { BACKUP_REDIS_URL: redis.url, BACKUP_DASHBOARD_TOKEN: token };
  await using visitor = await visit(await directory(), env, [entry]);
  await waitFor(async () => !(await visitor.text('./jobs')).includes('The queue does not answer'));
  const first = await visitor.submit('./actions/backup', { tier: 'weekly' });
  expect(first.status).toBe(303);
  expect(first.headers.get('location')).toMatch(/^\/jobs\/backup-.*said=asked$/);
  const second = await visitor.submit('./actions/backup', { tier: 'weekly' });
  expect(second.headers.get('location')).toMatch(/said=joined$/);
  const scripted = await visitor.ask('./actions/drill', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, accept: '*/*', 'content-type': 'application/json' },
    body: JSON.stringify({ backup: entry.filename }),
  });
  expect(scripted.status).toBe(202);
  const { job_id } = (await scripted.json()) as { job_id: string };
  expect(await visitor.text(`./jobs/${job_id}`)).toContain(`drill of ${entry.filename}`);
  expect((await visitor.submit('./actions/drill', { backup: '../../etc' })).status).toBe(404);
  expect((await visitor.submit('./actions/backup', { tier: 'hourly' })).status).toBe(400);
  expect((await visitor.submit('./actions/explode')).status).toBe(404);
  expect((await visitor.submit('./actions/cancel', { job: job_id })).status).toBe(303);
  expect((await visitor.ask(`./jobs/${job_id}`)).status).toBe(400);
});

test('a paused queue is told on the first page and that of the jobs, and a button resumes it', async () => {
  await using redis = await privateRedis();
  const env = { BACKUP_REDIS_URL: redis.url };
  await using visitor = await visit(await directory(), env, [backupAt('2025-12-13T02:00:00Z')]);
  const connection = await connect(redis.url, { mode: 'service' });
  const [queue, copies] = (['backup', 'copies'] as const).map((kind) =>
    openQueue('plot', connection, { kind }),
  );
  await queue!.bull.pause();
  await copies!.bull.pause();
  const button = '/actions/resume"';
  await waitFor(async () => (await visitor.text('./')).includes(button));
  expect(await visitor.text('./')).toContain('The queue is paused, so no backup begins');
  expect(await visitor.text('./jobs')).toContain(button);
  expect(await visitor.text('./metrics')).toContain(
    'gofr_backup_queue_paused{project="plot",queue="backup"} 1',
  );
  expect((await visitor.ask('./actions/resume', { method: 'POST' })).status).toBe(403);
  const resumed = await visitor.submit('./actions/resume');
  expect([resumed.status, resumed.headers.get('location')]).toEqual([303, '/?said=resumed']);
  expect([await queue!.bull.isPaused(), await copies!.bull.isPaused()]).toEqual([false, false]);
  expect(await visitor.text('./')).not.toContain(button);
  await queue!.close();
  await copies!.close();
  connection.close();
});

test('what is asked for here is a span, as on the command line', async () => {
  await using redis = await privateRedis();
  const collector = await traceCollector();
  const env = { BACKUP_REDIS_URL: redis.url, BACKUP_OTLP_URL: collector.url };
  {
    await using visitor = await visit(await directory(), env);
    await waitFor(async () => !(await visitor.text('./jobs')).includes('The queue does not answer'));
    expect((await visitor.submit('./actions/backup')).status).toBe(303);
  }
  await collector.stop();
  expect(collector.spans).toMatchObject([{ name: expect.stringMatching(/^add .*backup/), kind: PRODUCER }]);
});

test('without a queue the jobs are shown that have ended, and who ran the command', async () => {
  const backupDir = await directory();
  const [id, at] = ['drill-12345678', NOW - HOUR];
  await rememberJob(
    { backupDir, project: 'plot' },
    {
      ...{ id, name: 'drill', state: 'failed', payload: { backup: 'latest' }, scheduled: false, attempt: 1 },
      ...{ created: at, started: at, finished: at + 2000, by: '<b>ann' },
      error: { code: 'ARCHIVE_DAMAGED', message: 'one file is not as it was', why: '', hint: '' },
    },
  );
  await using visitor = await visit(backupDir);
  const jobs = await visitor.text('./jobs');
  expect(jobs).toContain('The queue does not answer');
  for (const page of [jobs, await visitor.text(`./jobs/${id}`)])
    for (const said of ['drill of latest', '&lt;b&gt;ann, by a command', 'one file is not as it was'])
      expect(page).toContain(said);
});

test('the live stream tells of a job as soon as it is asked for', async () => {
  await using redis = await privateRedis();
  await using visitor = await visit(await directory(), { BACKUP_REDIS_URL: redis.url });
  await waitFor(async () => !(await visitor.text('./jobs')).includes('The queue does not answer'));
  const stop = new AbortController();
  const events = await visitor.ask('./events', { signal: stop.signal });
  expect(events.headers.get('content-type')).toContain('text/event-stream');
  await visitor.submit('./actions/backup');
  let heard = '';
  for await (const chunk of events.body!) {
    heard += Buffer.from(chunk).toString();
    if (heard.includes('daily backup')) break;
  }
  expect(heard).toMatch(/event: running\n/);
  stop.abort();
});

test('copies are in the list of jobs, can be cancelled, and are told on the page of their backup', async () => {
  await using redis = await privateRedis();
  const backupDir = await directory();
  const entry = await makeBackup(backupDir, { a: 'content' });
  const env = {
    ...{ BACKUP_REDIS_URL: redis.url, BACKUP_OFFSITES: 'nas,b2', BACKUP_OFFSITE_ENCRYPTION: 'none' },
    ...{ BACKUP_OFFSITE_NAS_URL: `file://${await directory()}`, BACKUP_OFFSITE_SAME_DEVICE: 'true' },
    BACKUP_OFFSITE_B2_URL: 'rest+http://127.0.0.1:9/plot',
  };
  const settings = loadSettings({ BACKUP_BACKUP_DIR: backupDir, ...env });
  const ports = { clock: systemClock, logger: silentLogger, progress: noProgress };
  const ctx = { ...ports, plan: planFrom(settings), owner: 'a test', signal: new AbortController().signal };
  const [nas] = copyPlansFrom(settings);
  await copyBackups(ctx, nas!, { store: 'nas' });
  await using visitor = await visitHere(backupDir, env);
  const page = await visitor.text(`./backups/${entry.filename}`);
  const card = /id="copies">(.*?)<\/section>/s.exec(page)?.[1]?.replaceAll(/<[^>]+>|\s+/g, ' ');
  expect(card?.replaceAll(/ +/g, ' ')).toMatch(/Copies nas sent .*, seen there .* b2 no copy/);

  const connection = await connect(redis.url, { mode: 'command' });
  const queues = {
    copies: openQueue('plot', connection, { kind: 'copies' }),
    backup: openQueue('plot', connection),
  };
  const { id } = await enqueue(queues.copies, 'copy', { store: 'b2', all: true });
  await enqueue(queues.backup, 'verify', { which: 'latest' });
  for (const queue of Object.values(queues)) await queue.close();
  connection.close();
  await waitFor(async () => (await visitor.text('./jobs')).includes('copy of all backups to b2'));
  for (const path of ['./', './jobs'])
    expect(await visitor.text(path)).toMatch(
      /copy of all backups to b2.*verify of latest|verify of latest.*copy of all backups to b2/s,
    );
  expect(await visitor.text('./metrics')).toContain(
    'gofr_backup_queue_jobs{project="plot",state="waiting"} 2',
  );
  expect(await visitor.text(`./jobs/${id}`)).toContain('waiting');
  expect((await visitor.submit('./actions/cancel', { job: id })).status).toBe(303);
  expect(await visitor.text('./jobs')).not.toContain('copy of');
});

test('bull-board is served from here, without web fonts, and changes nothing', async () => {
  await using redis = await privateRedis();
  await using visitor = await visit(await directory(), {
    BACKUP_REDIS_URL: redis.url,
    BACKUP_DASHBOARD_BASE_PATH: '/b',
  });
  await waitFor(async () => (await visitor.ask('/b/queues')).status === 200);
  expect(await visitor.text('/b/queues?at=queue/gofr-plot-backup')).toContain(
    '<iframe class="board" title="bull-board" src="/b/queues/queue/gofr-plot-backup">',
  );
  expect(await visitor.text('/b/queues?at=../x')).toContain('src="/b/queues/"');
  const outside = await visitor.ask('/b/queues/queue/x', { headers: { 'sec-fetch-dest': 'document' } });
  expect(outside.headers.get('location')).toBe('/b/queues?at=queue%2Fx');
  const page = await visitor.text('/b/queues/');
  expect(page).toContain('<base href="/b/queues/"');
  expect(page).not.toContain('googleapis');
  const [, script = ''] = /src="(static\/js\/main[^"]+)"/.exec(page) ?? [];
  const asset = await visitor.ask(`/b/queues/${script}`);
  expect([asset.status, asset.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
  expect((await visitor.ask('/b/queues/static/..%2f..%2fpackage.json')).status).toBe(404);
  const queues = (await (await visitor.ask('/b/queues/api/queues')).json()) as {
    queues: { name: string; readOnlyMode: boolean }[];
  };
  expect(queues.queues).toMatchObject([
    { name: 'gofr-plot-backup', readOnlyMode: true },
    { name: 'gofr-plot-copies', readOnlyMode: true },
  ]);
  const pause = await visitor.ask('/b/queues/api/queues/gofr-plot-copies/pause', {
    method: 'PUT',
    headers: { origin: new URL(visitor.url).origin },
  });
  expect(pause.status).toBe(405);
});

test('while Redis is away the pages still say what the directory says; when it is back, so is the queue', async () => {
  await using redis = await privateRedis();
  await using visitor = await visit(await directory(), { BACKUP_REDIS_URL: redis.url }, [
    backupAt('2025-12-13T02:00:00Z'),
  ]);
  await waitFor(async () => !(await visitor.text('./')).includes('The queue does not answer'));
  await redis.kill();
  await waitFor(async () => (await visitor.text('./')).includes('The queue does not answer'));
  expect(await visitor.text('./backups')).toContain('gofr-plot_daily_20251213_020000.tar.gz');
  expect((await visitor.ask('./readyz')).status).toBe(503);
  expect((await visitor.submit('./actions/backup')).status).toBe(503);
  await redis.start();
  await waitFor(async () => !(await visitor.text('./')).includes('The queue does not answer'), {
    timeout: 30_000,
  });
});

async function visitHere(backupDir: string, env: Environment = {}): Promise<Visitor> {
  const manifest = await readFile(join(backupDir, 'manifest.json'), 'utf8');
  const visitor = await visit(backupDir, env);
  await writeFile(join(backupDir, 'manifest.json'), manifest);
  return visitor;
}
