import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../private-redis.ts';
import { temporaryDirectory } from '../temporary.ts';
import { waitFor } from '../wait-for.ts';
import { type Daemon, daemon, lastWords } from './daemon.ts';

export interface Keys {
  accessKey: string;
  secretKey: string;
}

export interface ObjectServer extends AsyncDisposable, Keys {
  /** `http://127.0.0.1:…` */
  readonly endpoint: string;
  /** Another user, who owns nothing; a policy names him `arn:aws:iam:::user/<name>`. */
  user(name: string): Promise<Keys>;
  /** So many bytes fit into each bucket of the first user; undefined: as many as there is memory for. */
  quota(bytes: number | undefined): Promise<void>;
  /** It takes connections and answers nothing until `resume`. */
  pause(): void;
  resume(): void;
}

/** What it needs on PATH; for `isMissing`. */
export const OBJECT_SERVER_TOOLS = ['radosgw', 'ceph-mon', 'ceph-osd'];

const OWNER = 'owner';
const run = promisify(execFile);

/** Ceph's S3 gateway on loopback, over one monitor and one disk daemon that keeps everything in memory. */
export async function objectServer(): Promise<ObjectServer> {
  await using stack = new AsyncDisposableStack();
  const { path: dir } = stack.use(await temporaryDirectory('gofr-s3-'));
  const [port, monitorPort] = [await freePort(), await freePort()];
  const config = join(dir, 'ceph.conf');
  await writeFile(config, configOf(dir, randomUUID(), port, monitorPort));
  const started = (name: string, args: string[]): Daemon =>
    stack.adopt(daemon(name, ['-c', config, ...args, '-f'], join(dir, `${name}.out`)), (it) => it.stop());

  await prepareMonitor(dir, config, monitorPort);
  started('ceph-mon', ['-i', 'a']);
  const disk = await prepareDisk(dir, config);
  started('ceph-osd', ['-i', disk]);
  const admin = async (...args: string[]): Promise<string> =>
    (await run('radosgw-admin', ['-c', config, '-n', 'client.rgw', ...args], { timeout: 60_000 })).stdout;
  const owner = await addUser(admin, OWNER);
  const gateway = started('radosgw', ['-n', 'client.rgw']);
  const endpoint = `http://127.0.0.1:${port}`;
  await waitFor(async () => (await fetch(endpoint)).ok, {
    timeout: 60_000,
    what: 'the gateway answers',
  }).catch((error: Error) => {
    throw new Error(lastWords(join(dir, 'radosgw.out')), { cause: error });
  });

  const all = stack.move();
  return {
    ...owner,
    endpoint,
    user: (name) => addUser(admin, name),
    quota: (bytes) => setQuota(admin, bytes),
    pause: () => gateway.signal('SIGSTOP'),
    resume: () => gateway.signal('SIGCONT'),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function addUser(admin: Admin, name: string): Promise<Keys> {
  const keys = { accessKey: `KEY${name.toUpperCase()}`, secretKey: randomUUID() };
  await admin(
    ...['user', 'create', '--uid', name, '--display-name', name],
    ...['--access-key', keys.accessKey, '--secret-key', keys.secretKey],
  );
  return keys;
}

type Admin = (...args: string[]) => Promise<string>;

async function setQuota(admin: Admin, bytes: number | undefined): Promise<void> {
  const scope = ['--quota-scope', 'bucket', '--uid', OWNER];
  if (bytes === undefined) return void (await admin('quota', 'disable', ...scope));
  await admin('quota', 'set', ...scope, '--max-size', String(bytes));
  await admin('quota', 'enable', ...scope);
}

async function prepareMonitor(dir: string, config: string, port: number): Promise<void> {
  const map = join(dir, 'monmap');
  await mkdir(join(dir, 'mon'));
  await writeFile(join(dir, 'keyring'), '');
  await run('monmaptool', [
    ...['--create', '--enable-all-features', '--conf', config],
    ...['--addv', 'a', `[v2:127.0.0.1:${port}]`, map],
  ]);
  await run('ceph-mon', ['-c', config, '--mkfs', '-i', 'a', '--monmap', map]);
}

/** Returns the number that the monitor gave it. */
async function prepareDisk(dir: string, config: string): Promise<string> {
  const id = randomUUID();
  const { stdout } = await run('ceph', ['-c', config, 'osd', 'new', id], { timeout: 60_000 });
  const number = stdout.trim();
  await mkdir(join(dir, 'osd', number), { recursive: true });
  await run('ceph-osd', ['-c', config, '-i', number, '--mkfs', '--osd-uuid', id]);
  if ((await readdir(join(dir, 'osd', number))).length === 0)
    throw new Error('the disk daemon made no store');
  return number;
}

const MEMORY = 2 ** 31;

/** Everything below `dir`, on loopback, without authentication between the daemons, one copy of each object. */
function configOf(dir: string, cluster: string, port: number, monitorPort: number): string {
  const none = ['cluster', 'service', 'client'].map((part) => `auth ${part} required = none`);
  const plain = ['mon cluster', 'mon service', 'mon client', 'cluster', 'service', 'client'].map(
    (part) => `ms ${part} mode = crc`,
  );
  const single = ['size = 1', 'min size = 1', 'pg num = 2', 'pgp num = 2', 'pg autoscale mode = off'].map(
    (line) => `osd pool default ${line}`,
  );
  return `[global]
fsid = ${cluster}
mon host = v2:127.0.0.1:${monitorPort}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
${[...none, ...plain, ...single].join('\n')}
keyring = ${dir}/keyring
run dir = ${dir}
crash dir = ${dir}
admin socket = ${dir}/$name.asok
pid file = ${dir}/$name.pid
log file = ${dir}/$name.log
mon cluster log to file = false
paxos propose interval = 0.02
paxos min wait = 0.01
mon data avail crit = 1
mon data avail warn = 1
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = ${MEMORY}
osd class load list = *
osd class default list = *
[mon]
mon data = ${dir}/mon
[osd]
osd data = ${dir}/osd/$id
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw enable usage log = false
rgw bucket quota ttl = 0
rgw user quota bucket sync interval = 1
rgw thread pool size = 16
`;
}
