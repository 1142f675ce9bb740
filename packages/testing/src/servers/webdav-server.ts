import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../private-redis.ts';
import { temporaryDirectory } from '../temporary.ts';
import { waitFor } from '../wait-for.ts';
import { daemon, lastWords } from './daemon.ts';

export interface WebDavServer extends AsyncDisposable {
  readonly port: number;
  /** where /dav/ lies on the disk */
  readonly root: string;
  readonly user: string;
  readonly password: string;
}

const MODULES = '/usr/lib/apache2/modules';
const LOADED = [
  ...['mpm_event', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_basic'],
  ...['dav', 'dav_fs', 'dav_lock'],
];
const NOBODY = 'nobody';

/** Apache's mod_dav on loopback, behind a password. */
export async function webDavServer(): Promise<WebDavServer> {
  await using stack = new AsyncDisposableStack();
  const { path: dir } = stack.use(await temporaryDirectory('gofr-dav-'));
  const [user, password] = ['someone', 'open sesame'];
  const root = join(dir, 'dav');
  await mkdir(root);
  await mkdir(join(dir, 'locks'));
  await chmod(dir, 0o755);
  const hash = createHash('sha1').update(password).digest('base64');
  await writeFile(join(dir, 'passwords'), `${user}:{SHA}${hash}\n`);
  if (process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', NOBODY, root, join(dir, 'locks')]);
  const port = await freePort();
  await writeFile(join(dir, 'apache.conf'), configOf(dir, port));
  const log = join(dir, 'apache.log');
  stack.adopt(daemon('apache2', ['-f', join(dir, 'apache.conf'), '-D', 'FOREGROUND'], log, 'SIGTERM'), (it) =>
    it.stop(),
  );
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/dav/`)).status === 401, {
    what: 'Apache answers',
  }).catch((error: Error) => {
    throw new Error(lastWords(log), { cause: error });
  });
  const all = stack.move();
  return { port, root, user, password, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

const configOf = (dir: string, port: number): string => `
ServerRoot ${dir}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${dir}/apache.pid
DefaultRuntimeDir ${dir}
ErrorLog ${dir}/apache.log
${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
${process.getuid?.() === 0 ? `User ${NOBODY}\nGroup nogroup` : ''}
StartServers 1
KeepAlive On
MaxKeepAliveRequests 0
DocumentRoot ${dir}
DAVLockDB ${dir}/locks/db
<Directory ${dir}/dav>
  Dav On
  AuthType Basic
  AuthName dav
  AuthUserFile ${dir}/passwords
  Require valid-user
</Directory>
`;
