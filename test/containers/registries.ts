/** Registries of one's own on loopback, empty at first: what is published into them is seen by nobody else. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { daemon, lastWords, waitFor } from '@gofr-backup/testing';
import { installPackages, isInstalled } from '../../scripts/system-packages.mjs';
import { must, run } from './docker.ts';
import { ROOT } from './stack.ts';

const VERDACCIO = '6.10.4';
const installed = join(ROOT, `node_modules/.cache/verdaccio-${VERDACCIO}`);

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:4873` */
  address: string;
}

/** Verdaccio, which asks no other registry: what a package needs from elsewhere is not found. */
export async function npmRegistry(directory: string): Promise<Registry> {
  await provideVerdaccio();
  const config = join(directory, 'verdaccio.yaml');
  await writeFile(
    config,
    `storage: ${join(directory, 'packages')}
auth: { htpasswd: { file: ${join(directory, 'htpasswd')} } }
packages: { '**': { access: $all, publish: $anonymous } }
max_body_size: 100mb
log: { type: stdout, format: json, level: warn }
`,
  );
  const main = join(installed, 'node_modules/verdaccio/bin/verdaccio');
  return served(directory, 'npm', (port) => [
    process.execPath,
    main,
    '-c',
    config,
    '-l',
    `127.0.0.1:${port}`,
  ]);
}

/** Debian's docker-registry. Engines speak to loopback without TLS. */
export async function imageRegistry(directory: string): Promise<Registry> {
  if (!isInstalled('docker-registry')) {
    const complaint = await installPackages(['docker-registry']);
    if (complaint !== undefined) throw new Error(complaint);
  }
  const config = join(directory, 'registry.yml');
  return served(directory, 'images', async (port) => {
    const text = `version: 0.1
storage: { filesystem: { rootdirectory: ${join(directory, 'images')} } }
http: { addr: 127.0.0.1:${port} }
`;
    await writeFile(config, text);
    return ['docker-registry', 'serve', config];
  });
}

async function served(
  directory: string,
  name: string,
  commandFor: (port: number) => string[] | Promise<string[]>,
): Promise<Registry> {
  const port = await freePort();
  const [command = '', ...args] = await commandFor(port);
  const log = join(directory, `${name}.log`);
  const server = daemon(command, args, log);
  const address = `127.0.0.1:${port}`;
  try {
    const answers = async () => (await fetch(`http://${address}/${name === 'npm' ? '-/ping' : 'v2/'}`)).ok;
    await waitFor(answers, { timeout: 60_000, interval: 100, what: `the registry of ${name} answers` });
  } catch (error) {
    await server.stop();
    throw new Error(lastWords(log), { cause: error });
  }
  return { address, [Symbol.asyncDispose]: () => server.stop() };
}

/** One version of it, kept between runs. One of its packages asks for a tag that not every registry has. */
async function provideVerdaccio(): Promise<void> {
  const stamp = join(installed, 'installed');
  if (existsSync(stamp)) return;
  await mkdir(installed, { recursive: true });
  const wanted = {
    private: true,
    dependencies: { verdaccio: VERDACCIO },
    overrides: { 'node-fetch': '2.7.0' },
  };
  await writeFile(join(installed, 'package.json'), JSON.stringify(wanted));
  await must(run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: installed }));
  await writeFile(stamp, await readFile(join(installed, 'package-lock.json')));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
