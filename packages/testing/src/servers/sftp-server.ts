import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../private-redis.ts';
import { temporaryDirectory } from '../temporary.ts';
import { waitFor } from '../wait-for.ts';
import { daemon, lastWords } from './daemon.ts';

export interface SftpServer extends AsyncDisposable {
  readonly port: number;
  readonly user: string;
  /** a directory of the user's */
  readonly home: string;
  /** private keys, as text */
  readonly key: string;
  /** of one that may add files and read them, and nothing else */
  readonly appenderKey: string;
  /** of one who is not let in */
  readonly strangerKey: string;
  /** the path of a known_hosts with this server in it */
  readonly knownHosts: string;
  /** as ssh-keygen shows it */
  readonly fingerprint: string;
}

const run = promisify(execFile);
const NOBODY = 65_534;
/** What does not add; what is not named stays allowed: to open, write, close, read, stat, list, sync and link. */
const REFUSED = ['remove', 'rename', 'posix-rename', 'rmdir', 'setstat', 'fsetstat', 'lsetstat', 'symlink'];

/** OpenSSH's sshd on loopback; root lets `nobody` in, so that modes of files mean something. */
export async function sftpServer(): Promise<SftpServer> {
  await using stack = new AsyncDisposableStack();
  const { path: dir } = stack.use(await temporaryDirectory('gofr-ssh-'));
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? 'nobody' : userInfo().username;
  const home = join(dir, 'home');
  await mkdir(home);
  await chmod(dir, 0o755);
  if (isRoot) {
    await chown(home, NOBODY, NOBODY);
    await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  }
  const [host, key, appender, stranger] = await Promise.all(
    ['host', 'key', 'appender', 'stranger'].map((name) => keyPair(join(dir, name))),
  );
  const allowed = [
    key!.publicKey,
    `restrict,command="internal-sftp -P ${REFUSED.join(',')}" ${appender!.publicKey}`,
  ];
  await writeFile(join(dir, 'authorized_keys'), `${allowed.join('\n')}\n`);
  const port = await freePort();
  const knownHosts = join(dir, 'known_hosts');
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${host!.publicKey}\n`);
  await writeFile(join(dir, 'sshd_config'), configOf(dir, port));
  const log = join(dir, 'sshd.log');
  stack.adopt(daemon('/usr/sbin/sshd', ['-D', '-e', '-f', join(dir, 'sshd_config')], log), (it) => it.stop());
  await waitFor(() => listens(port), { what: 'sshd listens' }).catch((error: Error) => {
    throw new Error(lastWords(log), { cause: error });
  });
  const { stdout } = await run('ssh-keygen', ['-lf', join(dir, 'host.pub')]);
  const all = stack.move();
  return {
    ...{ port, user, home, knownHosts },
    key: key!.privateKey,
    appenderKey: appender!.privateKey,
    strangerKey: stranger!.privateKey,
    fingerprint: stdout.split(' ')[1]!,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function keyPair(path: string): Promise<{ privateKey: string; publicKey: string }> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
  const [privateKey, publicKey] = await Promise.all([
    readFile(path, 'utf8'),
    readFile(`${path}.pub`, 'utf8'),
  ]);
  return { privateKey, publicKey: publicKey.trim() };
}

const configOf = (dir: string, port: number): string => `
ListenAddress 127.0.0.1:${port}
HostKey ${dir}/host
AuthorizedKeysFile ${dir}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
Subsystem sftp internal-sftp
ForceCommand none
`;

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'data');
    return true;
  } finally {
    socket.destroy();
  }
}
