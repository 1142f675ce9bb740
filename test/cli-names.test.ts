/** Names and words of others, of any bytes, in what every command says to a person. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { BackupError } from '@gofr-backup/model';
import { connect, enqueue, findJob, openQueue, type Processors, startConsumer } from '@gofr-backup/queue';
import { privateRedis, tries, waitFor } from '@gofr-backup/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { follow, MAIN, type Ran, ROOT, Sandbox } from './command-line.ts';

/** What only a terminal or a bidirectional renderer would obey. */
const DRIVING = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;
/** The styles that the commands themselves use. */
// oxlint-disable-next-line no-control-regex -- the styles of a terminal
const OUR_STYLES = /\u001b\[(?:0|1|2|22|31|32|33|39)m|\r\u001b\[K/g;

const NASTY = [
  '\u001b]0;pwned\u0007',
  '\u001b[31mred',
  '\u009b2J',
  'a\nb',
  'a\r\nSet-Cookie: x',
  'a\u202egnp.exe',
].map((name) => Buffer.from(name));
const name = fc
  .uint8Array({ minLength: 1, maxLength: 30 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x1b : byte))))
  .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')));

let sandbox: Sandbox;
let backup: string;
const said: { command: string; text: string }[] = [];
const keep = (command: string, { stdout, stderr }: Pick<Ran, 'stdout' | 'stderr'>) =>
  said.push({ command, text: stdout + stderr });
const asks = async (...args: string[]): Promise<Ran> => {
  const ran = await sandbox.run(args);
  keep(args.join(' '), ran);
  return ran;
};

beforeAll(async () => {
  sandbox = await Sandbox.create();
  const names = [...NASTY, ...fc.sample(name, { seed: 20251213, numRuns: tries(60, 250) })];
  const at = (bytes: Buffer) => Buffer.concat([Buffer.from(join(sandbox.data, 'storage/')), bytes]);
  for (const bytes of new Set(names.map((one) => one.toString('latin1'))))
    writeFileSync(at(Buffer.from(bytes, 'latin1')), 'x');
  mkdirSync(at(Buffer.from('\u001b[2Jdirectory')));
  symlinkSync(Buffer.from('/etc/\u001b]8;;http://evil\u0007'), at(Buffer.from('link')));
  execFileSync('mkfifo', [join(sandbox.data, 'storage/\u001b[31mfifo')]);
  await asks('now');
  backup = (await sandbox.json<{ backups: { filename: string }[] }>(['list'])).backups[0]!.filename;
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test('no command hands a name of the data to the terminal as it is', async () => {
  const listed = await asks('files', backup);
  expect(listed.stdout.split('\n').length).toBeGreaterThan(60);
  expect(listed.stdout).toContain('data/storage/\\x1b]0;pwned\\x07');
  await asks('show', backup);
  await asks('verify');
  await asks('drill');
  await asks('restore', '--latest', '--dry-run');
  await asks('restore', '--latest', '--yes', '--to', join(sandbox.path, 'out\u001b[31m\u202e'));
  for (const word of ['\u001b]0;pwned\u0007', 'a\nb\u009b'])
    for (const verb of [
      'show',
      'files',
      'verify',
      'drill',
      'pin',
      'undelete',
      'logs',
      'nonsense',
      '--nonsense',
    ])
      await asks(verb, verb.startsWith('-') ? `--${word}` : word);
  await asks('cat', backup, 'data/storage/\u001b[31m');
  await asks('cat', backup, 'data/storage/\u202e');
  await asks('restore', backup, '--yes', '--path', 'data/\u009b');
  await asks('restore', backup, '--yes', '--only', '\u001b[31m');
  for (const { command, text } of said)
    expect([command, DRIVING.exec(text)?.[0]]).toEqual([command, undefined]);
  expect(said.filter(({ text }) => text.includes('\\x')).length).toBeGreaterThan(15);
});

test('no command hands the words of a manifest to the terminal as they are', async () => {
  const manifest = join(sandbox.backups, 'manifest.json');
  const held = await readFile(manifest, 'utf8');
  const evil = '\u001b]52;c;cm0gLXJm\u0007\u009b31m\u202e\r\nforged: line';
  const document = JSON.parse(held) as { backups: Record<string, object> };
  document.backups[backup] = {
    ...document.backups[backup],
    ...{ components: [evil], timezone: evil, compression: evil, sha256: evil, last_drill_at: evil },
    warnings: [{ code: evil, path: evil, message: evil }],
  };
  await writeFile(manifest, JSON.stringify(document));
  writeFileSync(join(sandbox.backups, `daily/${'\u202ex;touch pwned;'}_daily_20250101_000000.tar.gz`), '');
  said.length = 0;
  for (const args of [
    ['list'],
    ['show', backup],
    ['status'],
    ['prune', '--dry-run'],
    ['restore', '--latest', '--dry-run'],
  ])
    await asks(...args);
  await asks('show', '\u202ex;touch pwned;_daily_20250101_000000.tar.gz');
  for (const { command, text } of said)
    expect([command, DRIVING.exec(text)?.[0]]).toEqual([command, undefined]);
  for (const line of said.flatMap(({ text }) => text.split('\n'))) expect(line).not.toMatch(/^forged/);
  expect(
    said.some(({ text }) => text.includes(String.raw`PREFIX="$(printf %b '\0342\0200\0256x;touch pwned;')"`)),
  ).toBe(true);
  await writeFile(manifest, held);
});

test('no command hands the words of a queue to the terminal as they are', async () => {
  await using redis = await privateRedis();
  const connection = await connect(redis.url, { mode: 'service' });
  const queue = openQueue('plot', connection);
  const evil = '\u001b]0;x\u0007\u009b31m\u202e\r\nforged: line';
  const { id } = await enqueue(queue, 'backup', {});
  const backup = () => Promise.reject(new BackupError('CANCELLED', evil, { why: evil, hint: evil }));
  const consumer = startConsumer({
    project: 'plot',
    connection,
    processors: { backup } as unknown as Processors,
  });
  await waitFor(async () => (await findJob(queue, id))?.state === 'failed');
  await consumer.stop(100);
  // A record with such a name is left out, so the name is one that is shown.
  await queue.bull.add('strange', { tier: evil }, { jobId: 'job-evil' });
  await queue.bull.addJobLog('job-evil', evil, 10);
  await queue.bull.upsertJobScheduler(evil, { pattern: '0 2 * * *' }, { name: evil });
  said.length = 0;
  for (const args of [['status'], ['logs', 'job-evil'], ['logs', evil]]) {
    const ran = await sandbox.run(args, { BACKUP_REDIS_URL: redis.url });
    keep(args.join(' '), ran);
    expect((await sandbox.run([...args, '--json'], { BACKUP_REDIS_URL: redis.url })).stdout).not.toMatch(
      DRIVING,
    );
  }
  await queue.close();
  connection.close();
  for (const { command, text } of said) {
    expect([command, DRIVING.exec(text)?.[0]]).toEqual([command, undefined]);
    expect(text).toContain('\\x1b]0;x');
    expect(text).not.toMatch(/^forged/m);
  }
});

test('on a terminal only our own styles drive it, also in a log and where a bar is drawn', async () => {
  const env = { ...sandbox.env, TERM: 'xterm', LOG_LEVEL: 'debug' };
  appendFileSync(join(sandbox.data, 'storage/\u001b[31mred'), 'changed');
  for (const verb of [
    ['now'],
    ['files', backup],
    ['verify'],
    ['show', backup],
    ['restore', backup, '--dry-run'],
  ]) {
    const command = [process.execPath, MAIN, ...verb].map((word) => `'${word}'`).join(' ');
    const { child, ended } = follow('script', ['-qec', command, '/dev/null'], env, ROOT);
    child.stdin.end();
    const { stdout, code } = await ended;
    expect([verb, code, stdout.length > 100]).toEqual([verb, 0, true]);
    const text = stdout.replaceAll('\r\n', '\n').replace(OUR_STYLES, '');
    expect([verb, DRIVING.exec(text)?.[0]]).toEqual([verb, undefined]);
  }
});

test('the document of every command is valid, and tells a name by escapes of JSON alone', async () => {
  for (const verb of [
    ['files', backup],
    ['show', backup],
    ['list'],
    ['verify'],
    ['show', '\u001b\u009b\u202e'],
  ]) {
    const { stdout } = await sandbox.run([...verb, '--json']);
    expect(stdout).not.toMatch(DRIVING);
    expect(() => JSON.parse(stdout) as unknown).not.toThrow();
  }
});
