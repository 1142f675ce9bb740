import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '../temporary.ts';
import { waitFor } from '../wait-for.ts';
import { daemon, lastWords } from './daemon.ts';

export interface RestServer extends AsyncDisposable {
  readonly port: number;
  /** where the repositories lie on the disk */
  readonly root: string;
  readonly user: string;
  readonly password: string;
}

/** restic's REST protocol, served by rclone on loopback from a directory, another one's too. */
export async function restServer(options: { appendOnly?: boolean; root?: string } = {}): Promise<RestServer> {
  await using stack = new AsyncDisposableStack();
  const { path: dir } = stack.use(await temporaryDirectory('gofr-rest-'));
  const { root = join(dir, 'repositories'), appendOnly = false } = options;
  const [user, password] = ['someone', 'open-sesame'];
  const log = join(dir, 'rclone.log');
  const login = ['--user', user, '--pass', password];
  const args = [
    'serve',
    'restic',
    root,
    '--addr',
    '127.0.0.1:0',
    ...login,
    '--cache-objects=false',
    '--config',
    '/dev/null',
  ];
  stack.adopt(daemon('rclone', appendOnly ? [...args, '--append-only'] : args, log), (it) => it.stop());
  const port = await waitFor(
    async () => Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(await readFile(log, 'utf8'))?.[1] ?? 0),
    { what: 'rclone serves' },
  ).catch((error: Error) => {
    throw new Error(lastWords(log), { cause: error });
  });
  const all = stack.move();
  return { port, root, user, password, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
