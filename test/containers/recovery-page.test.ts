/** Runs the very commands of docs/recovery.md for who has nothing but Docker and the volumes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf } from '../page-blocks.ts';
import { backUp } from './backups.ts';
import { docker, dockerRan, must, run } from './docker.ts';
import { IMAGE, ROOT, Stack } from './stack.ts';

const [LOOK, EXTRACT] = blocksOf('recovery.md').get('With only Docker')!;
/** What stands on the page for names that every reader has others of. */
const PAGE_VOLUMES = /\bgofr-plot_(?=(data|logs|backups):)/g;
const PAGE_ARCHIVE = 'gofr-plot_daily_20251213_020000.tar.gz';

let stack: Stack;
let archive: string;
let before: string;

/** A backup of a running service, made before the service and all containers are gone. */
beforeAll(async () => {
  stack = await Stack.create({ files: ['docker-compose.single.yml', 'docker-compose.example.yml'] });
  await stack.up('web', 'backup');
  await stack.healthy('backup');
  await must(stack.compose(['stop', '-t', '2', 'web']));
  await stack.helper(`
    mkdir -p '/data/storage/a name with space' /logs
    echo secret >/data/storage/token; chmod 600 /data/storage/token; ln -s token /data/storage/link
    echo line >/logs/app.log; chown -R 1234:1234 /data/storage /logs`);
  archive = (await backUp(stack)).entry.filename;
  before = await content();
  await must(stack.compose(['down', '-t', '2']));
});
afterAll(() => stack?.[Symbol.asyncDispose]());

/** Everything in the data and logs volumes: kind, mode, owner, time, target, and bytes. */
const content = (): Promise<string> =>
  stack.helper(`
    find /data /logs -mindepth 1 -printf '%y %m %U:%G %Ts %p %l\\n' | sort
    find /data /logs -type f -exec sha256sum {} + | sort`);

/** One block of the page as it stands there, but with this stack's volumes and archive. */
function follow(block: string): Promise<string> {
  const script = block.replaceAll(PAGE_VOLUMES, `${stack.name}_`).replaceAll(PAGE_ARCHIVE, archive);
  return must(run('bash', ['-euo', 'pipefail', '-c', script]));
}

async function freshVolumes(): Promise<void> {
  for (const volume of [`${stack.name}_data`, `${stack.name}_logs`]) {
    await docker('volume', 'rm', volume);
    await docker('volume', 'create', volume);
  }
}

test('the page names the volumes as compose does when nobody named them', async () => {
  const files = ['-f', `${ROOT}docker/docker-compose.single.yml`];
  const asked = await dockerRan(['compose', ...files, 'config', '--format', 'json'], {
    env: { GOFR_DATA_VOLUME: '', GOFR_LOGS_VOLUME: '', GOFR_BACKUPS_VOLUME: '' },
  });
  const { volumes } = JSON.parse(await must(Promise.resolve(asked))) as {
    volumes: Record<string, { name: string }>;
  };
  const named = new Set([...`${LOOK}${EXTRACT}`.matchAll(/-v (\S+?):/g)].map(([, name]) => name));
  expect([...named].toSorted()).toEqual(['gofr-plot_backups', 'gofr-plot_data', 'gofr-plot_logs']);
  expect(Object.values(volumes).map(({ name }) => name)).toEqual(expect.arrayContaining([...named]));
});

test('look and check: the newest is there, and whole', async () => {
  const said = await follow(LOOK!);
  expect(said).toContain(archive);
  expect(said).toContain(`${archive}: OK`);
});

test('into fresh volumes: everything is as it was', async () => {
  await freshVolumes();
  expect(await content()).toBe('');
  await follow(EXTRACT!);
  expect(await content()).toBe(before);
});

test('over what is there: what is in the archive comes back, the rest stays', async () => {
  await stack.helper('echo worse >/data/storage/token; echo later >/data/storage/later');
  await follow(EXTRACT!);
  expect(await stack.helper('cat /data/storage/token /data/storage/later')).toBe('secret\nlater\n');
});

test('a damaged archive is not OK', async () => {
  await stack.helper(`printf x | dd of=/backups/daily/${archive} bs=1 seek=99 conv=notrunc status=none`);
  await expect(follow(LOOK!)).rejects.toThrow(`${archive}: FAILED`);
});

test('the image has what the other compressions need', async () => {
  const tools = ['tar', 'xz', 'bzip2', 'zstd'];
  const script = `for tool in ${tools.join(' ')}; do command -v "$tool" >/dev/null && echo "$tool"; done`;
  const found = await docker('run', '--rm', '--network', 'none', '--entrypoint', 'sh', IMAGE, '-c', script);
  expect(found.trim().split('\n')).toEqual(tools);
});
