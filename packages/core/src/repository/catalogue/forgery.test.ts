/** Whoever may write manifest.json, or put archives and sidecars beside ours, makes nothing good and nothing vanish. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, copyFile, cp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CatalogueEntry, type Manifest, type SignedList, silentLogger } from '@gofr-backup/model';
import { fakeClock, tries } from '@gofr-backup/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { planPrune } from '../../retention/plan-prune.ts';
import { policyWith } from '../../retention/testing.ts';
import { openRepository } from '../repository.ts';
import type { Repository } from '../repository.ts';
import { addBackup, locked, scratchRepository } from '../testing.ts';
import { canonicalForm, signList } from './signed-records.ts';
import { SigningKey } from './signing-key.ts';

const NIGHT = Date.parse('2025-12-13T02:00:00Z');
const DAY = 86_400_000;
const clock = fakeClock(NIGHT + 3_600_000);

let repository: Repository & AsyncDisposable;
let genuine: CatalogueEntry[];
let manifestText: string;
const path = () => join(repository.backupDir, 'manifest.json');
const keyPath = () => join(repository.stateDir, 'manifest.key');

/** Sixteen nights in two tiers; the tenth is corrupt, the eleventh incomplete, the oldest pinned. */
beforeAll(async () => {
  repository = await scratchRepository(clock);
  await locked(repository, clock, async () => {
    for (let age = 0; age < 16; age++) {
      const tier = age % 5 === 4 ? 'weekly' : 'daily';
      const facts = {
        tier,
        files: 3,
        source_bytes: 100,
        ...(age === 10 && { status: 'incomplete' as const }),
      } as const;
      const { filename } = await addBackup(repository, NIGHT - age * 5 * DAY, `night ${age}`, facts);
      const status = age === 9 ? 'corrupt' : 'good';
      if (age !== 10) await repository.update(filename, { status, verified: status === 'good' });
      if (age === 15) await repository.pin(filename);
    }
  });
  genuine = await repository.catalogue();
  manifestText = await readFile(path(), 'utf8');
});
afterAll(() => repository[Symbol.asyncDispose]());
beforeEach(() => writeFile(path(), manifestText));

const nameOf = (age: number): string => genuine[age]!.filename;
const manifest = (): Required<Manifest> => JSON.parse(manifestText) as Required<Manifest>;
const readAfter = async (forge: (on: Required<Manifest>) => unknown): Promise<CatalogueEntry[]> => {
  const on = manifest();
  forge(on);
  await writeFile(path(), JSON.stringify(on));
  return repository.catalogue();
};
const attacker = new SigningKey(randomBytes(32));

test('what this installation wrote is as it wrote it, and a record is one line of plain text', async () => {
  expect(genuine.filter(({ adopted }) => adopted)).toEqual([]);
  expect(genuine.map(({ status }) => status)).toEqual(
    genuine.map((_, age) => (age === 9 ? 'corrupt' : age === 10 ? 'incomplete' : 'good')),
  );
  expect(canonicalForm({ z: [{ b: 1, a: 'é' }], filepath: '/x', signature: 's', a: true })).toBe(
    '{"a":true,"z":[{"a":"é","b":1}]}',
  );
});

test('a reader needs nothing but the public key: the list is checked by the web’s own crypto', async () => {
  const { key, digests, signature } = manifest().signatures['gofr-plot']!;
  const lines = Object.keys(digests)
    .toSorted()
    .map((name) => `${digests[name]}  ${name}\n`);
  const text = `gofr-backup manifest 1\ngofr-plot\n${lines.join('')}`;
  const algorithm = { name: 'Ed25519' };
  const publicKey = await crypto.subtle.importKey('raw', Buffer.from(key, 'base64url'), algorithm, false, [
    'verify',
  ]);
  const check = (said: string) =>
    crypto.subtle.verify(algorithm, publicKey, Buffer.from(signature, 'base64url'), Buffer.from(said));
  expect(await check(text)).toBe(true);
  expect(await check(text.replace('gofr-plot', 'gofr-dig'))).toBe(false);
  for (const entry of genuine) {
    const digest = await crypto.subtle.digest('SHA-256', Buffer.from(canonicalForm(entry)));
    expect(Buffer.from(digest).toString('base64url')).toBe(digests[entry.filename]);
  }
});

describe('one record is forged', () => {
  const change = (age: number, patch: Partial<CatalogueEntry>) => (on: Required<Manifest>) =>
    Object.assign(on.backups[nameOf(age)]!, patch);
  test.each<[string, number, Partial<CatalogueEntry>]>([
    ['a corrupt one made good', 9, { status: 'good', verified: true }],
    ['an incomplete one made good', 10, { status: 'good', verified: true }],
    ['the date moved to now', 3, { created_at: '2025-12-13T02:59:00.000Z' }],
    ['the date moved to long ago', 3, { created_at: '2001-01-01T00:00:00.000Z' }],
    ['the zone of its name', 3, { timezone: 'Pacific/Kiritimati' }],
    ['another checksum', 3, { sha256: 'f'.repeat(64) }],
    ['another size', 3, { size_bytes: 12_345 }],
    ['a later scrub', 3, { verified_at: '2025-12-13T02:59:00.000Z' }],
    ['a drill that never was', 3, { last_drill_at: '2025-12-13T02:59:00.000Z', last_drill_ok: true }],
    ['the run that is about to begin', 3, { run: 'backup-42' }],
    ['fewer files', 3, { files: 0 }],
    ['a warning that excuses damage', 3, { warnings: [{ code: 'database-damaged', message: 'x' }] }],
  ])(
    '%s: it is not good, its dates are those of its name, and the others stay',
    async (_what, age, patch) => {
      const read = await readAfter(change(age, patch));
      const { created_at, timestamp, timezone } = genuine[age]!;
      const forged = read.find(({ filename }) => filename === nameOf(age));
      expect(forged).toMatchObject({ verified: false, created_at, timestamp, timezone });
      expect(['unverified', 'incomplete', 'corrupt']).toContain(forged?.status);
      for (const field of ['run', 'verified_at', 'last_drill_at', 'last_drill_ok'] as const)
        expect(forged).not.toHaveProperty(field);
      expect(read.filter((entry) => entry !== forged)).toEqual(genuine.filter((_, place) => place !== age));
    },
  );

  test('a pin taken away is still there, by the sidecar', async () => {
    const read = await readAfter((on) => delete on.backups[nameOf(15)]!.pinned);
    expect(read[15]).toMatchObject({ filename: nameOf(15), pinned: true, verified: false });
  });

  test('the digest of another record proves nothing', async () => {
    const read = await readAfter((on) => {
      const { digests } = on.signatures['gofr-plot']!;
      digests[nameOf(9)] = digests[nameOf(8)]!;
      on.backups[nameOf(9)] = { ...on.backups[nameOf(8)]!, filename: nameOf(9) };
    });
    expect(read.filter(({ status }) => status === 'good')).toEqual([]);
  });
});

describe('an archive that was put there', () => {
  const NEWER = 'gofr-plot_daily_20251213_023000.tar.gz';
  const place = () => join(repository.backupDir, 'daily', NEWER);
  const facts = (): CatalogueEntry => ({
    ...genuine[0]!,
    filename: NEWER,
    filepath: place(),
    timestamp: '2025-12-13T02:30:00',
    created_at: '2025-12-13T02:30:00.000Z',
    size_bytes: 5,
    run: 'backup-42',
  });
  beforeEach(() => writeFile(place(), 'bytes'));
  const clear = async () => {
    for (const suffix of ['', '.json']) await rm(place() + suffix, { force: true });
  };

  test.each<[string, (on: Required<Manifest>) => unknown]>([
    ['without a record', () => undefined],
    ['with a record that says good', (on) => (on.backups[NEWER] = facts())],
    [
      'with a record and a digest',
      (on) => {
        on.backups[NEWER] = facts();
        Object.assign(
          on.signatures['gofr-plot']!,
          signList(attacker, 'gofr-plot', Object.values(on.backups)),
        );
      },
    ],
  ])('%s is adopted: not good, not of a run, not the latest', async (_what, forge) => {
    await writeFile(`${place()}.json`, JSON.stringify({ ...facts(), signature: attacker.sign('anything') }));
    const read = await readAfter(forge).finally(clear);
    expect(read[0]).toMatchObject({ filename: NEWER, adopted: true, status: 'unverified', verified: false });
    expect(read[0]).not.toHaveProperty('run');
  });

  test('does not count as good where backups are not read back', async () => {
    const { backupDir } = repository;
    const options = { backupDir, project: 'plot', prefix: 'gofr-plot', timezone: 'UTC', clock };
    const trusting = await openRepository({ ...options, logger: silentLogger, unverifiedIsGood: true });
    try {
      expect(await trusting.find('latest')).toMatchObject({ filename: nameOf(0) });
    } finally {
      await clear();
    }
  });
});

describe('the signature as a whole', () => {
  const signedBy = (key: SigningKey, prefix: string) => (on: Required<Manifest>) => {
    for (const entry of Object.values(on.backups)) Object.assign(entry, { status: 'good', verified: true });
    on.signatures = { 'gofr-plot': signList(key, prefix, Object.values(on.backups)) };
  };
  test.each<[string, (on: Required<Manifest>) => unknown]>([
    ['is missing', (on) => delete (on as Manifest).signatures],
    ['is none', (on) => (on.signatures['gofr-plot'] = 7 as unknown as SignedList)],
    ['has no list', (on) => delete (on.signatures['gofr-plot'] as Partial<SignedList>).digests],
    ['is cut short', (on) => (on.signatures['gofr-plot']!.signature = 'AA')],
    ['is another key’s', signedBy(attacker, 'gofr-plot')],
    [
      'is another key’s under our name',
      (on) => {
        const { key } = on.signatures['gofr-plot']!;
        signedBy(attacker, 'gofr-plot')(on);
        on.signatures['gofr-plot']!.key = key;
      },
    ],
    [
      'is another project’s',
      (on) =>
        (on.signatures = {
          'gofr-plot': { ...on.signatures['gofr-plot']!, ...signList(attacker, 'gofr-dig', []) },
        }),
    ],
  ])('%s: nothing is good, and what was known to be bad is', async (_what, forge) => {
    const read = await readAfter(forge);
    expect(read.map(({ filename }) => filename)).toEqual(genuine.map(({ filename }) => filename));
    expect(read.filter(({ status, verified }) => status === 'good' || verified)).toEqual([]);
    expect(read[10]).toMatchObject({ status: 'incomplete' });
    expect(read[15]).toMatchObject({ pinned: true });
  });

  test('of a project that shares the key and the directory does not stand for ours', async () => {
    const key = new SigningKey(Buffer.from((await readFile(keyPath(), 'utf8')).trim(), 'hex'));
    const read = await readAfter(signedBy(key, 'gofr-dig'));
    expect(read.filter(({ status }) => status === 'good')).toEqual([]);
  });
});

/** Any change that somebody without the key can make to the manifest. */
const forgeries = (): fc.Arbitrary<(on: Required<Manifest>) => unknown> => {
  const age = fc.nat(genuine.length - 1);
  const at = fc
    .date({ min: new Date('2000-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString());
  const patch: fc.Arbitrary<Partial<CatalogueEntry>> = fc.record(
    {
      status: fc.constantFrom('good', 'unverified', 'corrupt', 'incomplete'),
      verified: fc.boolean(),
      created_at: at,
      verified_at: at,
      timezone: fc.constantFrom('UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'),
      size_bytes: fc.constantFrom(0, 7, 8, 1000),
      sha256: fc.constant('0'.repeat(64)),
      trigger: fc.constantFrom('schedule', 'pre-restore'),
      adopted: fc.constant(false),
    },
    { requiredKeys: [] },
  );
  const list = (on: Required<Manifest>) =>
    (on as Manifest).signatures?.['gofr-plot'] ?? { key: '', digests: {}, signature: '' };
  return fc.oneof(
    fc.tuple(age, patch).map(
      ([n, fields]) =>
        (on: Required<Manifest>) =>
          Object.assign(on.backups[nameOf(n)] ?? {}, fields),
    ),
    fc.tuple(age, age).map(([a, b]) => (on: Required<Manifest>) => {
      const [one, other] = [on.backups[nameOf(a)], on.backups[nameOf(b)]];
      if (one && other) on.backups[nameOf(a)] = { ...other, filename: nameOf(a), tier: one.tier };
    }),
    fc.tuple(age, age).map(([a, b]) => (on: Required<Manifest>) => {
      const { digests } = list(on);
      digests[nameOf(a)] = digests[nameOf(b)] ?? '';
    }),
    age.map((n) => (on: Required<Manifest>) => delete on.backups[nameOf(n)]),
    age.map((n) => (on: Required<Manifest>) => delete on.backups[nameOf(n)]?.pinned),
    age.map((n) => (on: Required<Manifest>) => delete list(on).digests[nameOf(n)]),
    fc.constant((on: Required<Manifest>) =>
      Object.assign(list(on), signList(attacker, 'gofr-plot', Object.values(on.backups))),
    ),
    fc.constant((on: Required<Manifest>) => delete (on as Manifest).signatures),
  );
};

test('whatever is forged, nothing counts as good that was not, and no prune removes what it would have kept', async () => {
  const policy = fc.record({
    retentionDays: fc.nat(80),
    maxCount: fc.integer({ min: 1, max: 12 }),
    keepLast: fc.nat(5),
    weeklyWeeks: fc.nat(10),
    unverifiedIsGood: fc.boolean(),
  });
  let judged = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(forgeries(), { minLength: 1, maxLength: 6 }),
      policy,
      async (forged, changes) => {
        const read = await readAfter((on) => {
          for (const forge of forged) forge(on);
        });
        const before = new Map(genuine.map((entry) => [entry.filename, entry]));
        for (const entry of read) {
          if (entry.status === 'good' || entry.verified) expect(entry).toEqual(before.get(entry.filename));
          else judged++;
        }
        const removed = (entries: CatalogueEntry[]) =>
          planPrune(entries, policyWith(changes), clock.now()).flatMap(({ filename, action }) =>
            action === 'remove' ? filename : [],
          );
        expect(removed(genuine)).toEqual(expect.arrayContaining(removed(read)));
      },
    ),
    { numRuns: tries(200, 600) },
  );
  expect(judged).toBeGreaterThan(100);
});

describe('the key', () => {
  let saved: string;
  beforeAll(async () => {
    saved = `${repository.backupDir}-saved`;
    await writeFile(path(), manifestText);
    await cp(repository.backupDir, saved, { recursive: true });
  });
  afterAll(() => rm(saved, { recursive: true }));
  beforeEach(async () => {
    await rm(repository.backupDir, { recursive: true });
    await cp(saved, repository.backupDir, { recursive: true });
  });
  const told: { fields: object; message: string }[] = [];
  const telling = () =>
    openRepository({
      ...{ backupDir: repository.backupDir, project: 'plot', prefix: 'gofr-plot', timezone: 'UTC', clock },
      logger: {
        ...silentLogger,
        warn: (fields: object, message: string) => void told.push({ fields, message }),
      },
    });

  test.each<[string, (key: string) => Promise<unknown>, string]>([
    ['lost', (key) => rm(key), 'another key has signed them'],
    ['damaged', (key) => writeFile(key, 'no key'), 'there is no key to check their signature with'],
    ['open to others', (key) => chmod(key, 0o644), 'there is no key to check their signature with'],
    ['replaced', (key) => writeFile(key, `${'ab'.repeat(32)}\n`), 'another key has signed them'],
    [
      'a link',
      async (key) => {
        await copyFile(key, `${key}.other`);
        await rm(key);
        await symlink(`${key}.other`, key);
      },
      'there is no key to check their signature with',
    ],
  ])('%s: it is told, nothing is deleted, and verifying mends it', async (_what, harm, why) => {
    await harm(keyPath());
    told.length = 0;
    const harmed = await telling();
    const names = await readdir(join(repository.backupDir, 'daily'));
    await locked(harmed, clock, async () => {
      await harmed.sweep();
      const read = await harmed.catalogue();
      expect(read.filter(({ status, verified }) => status === 'good' || verified)).toEqual([]);
      expect(read).toHaveLength(genuine.length);
      const plan = planPrune(read, policyWith({ retentionDays: 1 }), clock.now());
      expect(plan.filter(({ action }) => action === 'remove')).toEqual([]);
    });
    if (_what === 'lost')
      expect(told.map(({ fields }) => fields)).toContainEqual(
        expect.objectContaining({ why: expect.stringMatching(/no key|another key/) }),
      );
    else
      expect(told.map(({ fields }) => fields)).toContainEqual(
        expect.objectContaining({ why, backups: genuine.length }),
      );
    expect(await readdir(join(repository.backupDir, 'daily'))).toEqual(names);
    if (why.startsWith('there is no key')) await rm(keyPath());
    await locked(harmed, clock, async () => {
      await harmed.sweep();
      await harmed.update(nameOf(3), { status: 'good', verified: true });
    });
    expect((await harmed.catalogue())[3]).toMatchObject({ status: 'good', verified: true, adopted: true });
    expect((await stat(keyPath())).mode & 0o777).toBe(0o600);
  });

  test('elsewhere than in the backup directory: what a key in there signs does not count', async () => {
    const keyDir = `${saved}-keys`;
    const { backupDir } = repository;
    const elsewhere = await openRepository({
      ...{ backupDir, keyDir, project: 'plot', prefix: 'gofr-plot', timezone: 'UTC', clock },
      logger: silentLogger,
    });
    try {
      expect((await elsewhere.catalogue()).filter(({ verified }) => verified)).toEqual([]);
      await locked(elsewhere, clock, () => elsewhere.update(nameOf(0), { status: 'good', verified: true }));
      expect(await readdir(keyDir)).toEqual(['manifest.key']);
      expect((await elsewhere.catalogue())[0]).toMatchObject({ status: 'good', verified: true });
      expect((await repository.catalogue()).filter(({ verified }) => verified)).toEqual([]);
    } finally {
      await rm(keyDir, { recursive: true, force: true });
    }
  });

  test('is Ed25519 from its seed, as others make it', async () => {
    const seed = randomBytes(32);
    const { privateKey } = generateKeyPairSync('ed25519');
    const jwk = {
      ...privateKey.export({ format: 'jwk' }),
      d: seed.toString('base64url'),
      x: new SigningKey(seed).publicKey,
    };
    const usages = { name: 'Ed25519' };
    const imported = await crypto.subtle.importKey('jwk', jwk, usages, false, ['sign']);
    const signature = await crypto.subtle.sign(usages, imported, Buffer.from('text'));
    expect(new SigningKey(seed).sign('text')).toBe(Buffer.from(signature).toString('base64url'));
  });
});
