import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backUp, listed } from './backups.ts';
import { docker, must, run } from './docker.ts';
import { APP_UID, Stack } from './stack.ts';

/** What the first generation left: archives by Python's tarfile, sidecars, and a manifest that is only the inner map. */
const FIRST_GENERATION = `
import hashlib, io, json, os, sys, tarfile
root = sys.argv[1]
os.makedirs(f'{root}/daily')
manifest = {}
for day in (9, 10, 11):
    name = f'gofr-plot_daily_202512{day:02d}_020000.tar.gz'
    path = f'{root}/daily/{name}'
    with tarfile.open(path, 'w:gz') as tar:
        for member, text in (('data/storage/metadata.json', '{}'), ('data/storage/a.svg', '<svg/>' * day), ('data/auth/tokens.json', 'old token'), ('logs/app.log', 'line' * day)):
            info = tarfile.TarInfo(member); info.size = len(text); info.uid = info.gid = ${APP_UID}; info.mode = 0o600; info.mtime = 1765000000
            tar.addfile(info, io.BytesIO(text.encode()))
    digest = hashlib.sha256(open(path, 'rb').read()).hexdigest()
    open(path + '.sha256', 'w').write(f'{digest}  {name}\\n')
    manifest[name] = {'filename': name, 'filepath': f'/mnt/elsewhere/daily/{name}', 'tier': 'daily', 'timestamp': f'2025-12-{day:02d}T02:00:00.123456', 'size_bytes': os.path.getsize(path), 'verified': True}
json.dump(manifest, open(f'{root}/manifest.json', 'w'), indent=2)
`;

test('a volume of the first generation is taken over as it is: list, verify, restore, back up, prune', async () => {
  const made = await mkdtemp(join(tmpdir(), 'gofr-first-'));
  await using stack = await Stack.create({ env: { GOFR_PLOT_BACKUP_CLEANUP_ON_START: 'false' } });
  try {
    await must(run('python3', ['-', made], { input: FIRST_GENERATION }));
    const loader = (
      await docker('create', '-v', `${stack.name}_backups:/backups`, 'debian:bookworm-slim')
    ).trim();
    await docker('cp', `${made}/.`, `${loader}:/backups/`);
    await docker('rm', loader);
    await stack.helper(`chown -R ${APP_UID}:${APP_UID} /backups`);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  await stack.up('web', 'backup');
  await stack.healthy('backup');

  const list = await must(stack.cli('list'));
  expect(list).toContain('DAILY BACKUPS (3):');
  expect(list).toContain('Created: 2025-12-11 02:00:00');
  expect((await stack.cli('verify', '--all')).code).toBe(0);

  await must(stack.compose(['stop', '-t', '2', 'web']));
  const restored = await stack.restore('gofr-plot_daily_20251210_020000.tar.gz', '--yes');
  expect(restored.code, restored.stderr).toBe(0);
  expect(await stack.helper('cat /data/auth/tokens.json; stat -c %u:%a /data/auth/tokens.json')).toBe(
    `old token${APP_UID}:600\n`,
  );

  await stack.up('web');
  await backUp(stack);
  await must(stack.cli('prune'));
  const kept = (await listed(stack)).map((e) => e.filename);
  // older than 30 days, so they go; but the newest three good ones of the tier never do
  expect(kept.length).toBeGreaterThanOrEqual(3);
});
