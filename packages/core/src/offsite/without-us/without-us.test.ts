/** What a person does who has the store, the key and a shell. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isMissing, temporaryDirectory } from '@gofr-backup/testing';
import { copyToStore } from '../copy/copy.ts';
import { type Host, host, noise, sha256Of } from '../testing.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
afterAll(() => directory[Symbol.asyncDispose]());

const SHELLS = [
  { name: 'sh', command: ['sh', 'restore.sh'], needs: 'sh' },
  { name: 'busybox', command: ['busybox', 'sh', 'restore.sh'], needs: 'busybox' },
  { name: 'bash', command: ['bash', 'restore.sh'], needs: 'bash' },
  { name: 'python', command: ['python3', 'restore.py'], needs: 'python3' },
].map((shell) => ({ ...shell, missing: isMissing(shell.needs, 'age') }));

/** Five copies; the last recipe has many spans of many packs. */
let stores: Record<'age' | 'none', { one: Host; name: string; sha256: string }>;
beforeAll(async () => {
  directory = await temporaryDirectory();
  stores = { age: await filled('age'), none: await filled('none') };
}, 120_000);

async function filled(kind: 'age' | 'none') {
  const root = join(directory.path, kind);
  mkdirSync(root);
  const one = await host(root);
  if (kind === 'none') one.offsite.encryption = { kind };
  writeFileSync(join(root, 'key.txt'), `# the key\n${one.identity}\n`);
  const files = 400;
  for (let n = 0; n < files; n++) one.write({ [`c/${n}.png`]: noise(`chart ${n}`, 6000 + n) });
  let last = await one.backup(0);
  for (let day = 1; day <= 5; day++) {
    await copyToStore(one.offsite, last);
    for (let n = day; n < files; n += 11) one.write({ [`c/${n}.png`]: noise(`day ${day} ${n}`, 6000) });
    last = await one.backup(day);
  }
  await copyToStore(one.offsite, last);
  return { one, name: last.entry.filename, sha256: last.sha256! };
}

function restored(kind: 'age' | 'none', command: string[], change: (store: string) => void = () => {}) {
  const { one, name } = stores[kind];
  const place = join(one.root, `copy of ${command[0]} ${Math.random()}`);
  cpSync(join(one.storeDir, 'plot'), place, { recursive: true });
  change(place);
  const recipe = `recipes/daily/${name}.recipe${kind === 'age' ? '.age' : ''}`;
  const [program, ...args] = [...command, recipe, 'out.tar.gz'];
  if (kind === 'age') args.push(join(one.root, 'key.txt'));
  const { status, stderr } = spawnSync(program!, args, { cwd: place });
  return { out: join(place, 'out.tar.gz'), status, stderr: stderr.toString(), place };
}

function inShortSpans(line: string): string[] {
  if (!/^\d+ \d+ \d+$/.test(line)) return [line];
  const [pack, offset, length] = line.split(' ').map(Number) as [number, number, number];
  return Array.from({ length: Math.ceil(length / SHORT) }, (_, n) => {
    const at = n * SHORT;
    return `${pack} ${offset + at} ${Math.min(SHORT, length - at)}`;
  });
}
const SHORT = 1000;

describe.each(SHELLS)('$name', ({ command, missing }) => {
  test.skipIf(missing).each(['age', 'none'] as const)('puts an archive together, encryption %s', (kind) => {
    const { out, status, stderr, place } = restored(kind, command);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(sha256Of(out)).toBe(stores[kind].sha256);
    execFileSync('tar', ['tzf', out]);
    expect(readdirSync(place).filter((name) => name.startsWith('out') || name.startsWith('tmp'))).toEqual([
      'out.tar.gz',
    ]);
  });

  test.skipIf(missing).each(['age', 'none'] as const)('refuses one flipped bit, encryption %s', (kind) => {
    const { out, status } = restored(kind, command, (store) => {
      const packs = readdirSync(join(store, 'packs'), { recursive: true, encoding: 'utf8' });
      const pack = join(store, 'packs', packs.filter((name) => name.includes('.pack')).sort()[0]!);
      const bytes = readFileSync(pack);
      // in the first chunk, whose bytes every recipe of the five names
      bytes[2000]! ^= 4;
      writeFileSync(pack, bytes);
    });
    expect(status).not.toBe(0);
    expect(existsSync(out)).toBe(false);
  });

  test.skipIf(missing)(
    'follows thousands of spans',
    () => {
      let count = 0;
      const { out, status, stderr } = restored('none', command, (store) => {
        const recipe = join(store, `recipes/daily/${stores.none.name}.recipe`);
        const lines = readFileSync(recipe, 'utf8').split('\n').flatMap(inShortSpans);
        count = lines.length;
        writeFileSync(recipe, lines.join('\n'));
      });
      expect(count).toBeGreaterThan(2000);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(sha256Of(out)).toBe(stores.none.sha256);
    },
    120_000,
  );

  test.skipIf(missing)('puts nothing where a recipe of an attacker leads', () => {
    const { status, out, place } = restored('none', command, (store) => {
      const recipe = join(store, `recipes/daily/${stores.none.name}.recipe`);
      const text = readFileSync(recipe, 'utf8').replace(/^# pack 1 /m, '# pack ../../outside ');
      writeFileSync(recipe, text);
    });
    expect(status).not.toBe(0);
    expect(existsSync(out)).toBe(false);
    expect(existsSync(join(place, 'outside'))).toBe(false);
    expect(existsSync(join(place, '..', 'outside'))).toBe(false);
  });
});

test('the shell script is short, and shellcheck has nothing to say', () => {
  const script = join(stores.none.one.storeDir, 'plot', 'restore.sh');
  expect(readFileSync(script, 'utf8').trimEnd().split('\n').length).toBeLessThan(20);
  if (!isMissing('shellcheck')) execFileSync('shellcheck', ['-s', 'sh', script]);
});
