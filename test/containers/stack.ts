/** One compose stack of its own: names, volumes, secrets and ports nobody else uses, gone when disposed. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, dockerRan, must, type Ran } from './docker.ts';

export const ROOT = new URL('../../', import.meta.url).pathname;
export const IMAGE = process.env['GOFR_TEST_IMAGE'] ?? 'gofr-plot_backup:test';
/** the uid the stand-in application writes as: not the image's own user */
export const APP_UID = 1234;

export interface StackOptions {
  /** compose files, relative to docker/ */
  files?: string[];
  /** more compose text, as a file of its own, laid over the others */
  overlay?: string;
  env?: Record<string, string>;
}

export class Stack implements AsyncDisposable {
  readonly name = `gofr${randomBytes(4).toString('hex')}`;
  readonly env: Record<string, string>;
  readonly #files: string[];
  readonly #directory: string;

  private constructor(directory: string, options: StackOptions) {
    this.#directory = directory;
    this.#files = (options.files ?? ['docker-compose.yml', 'docker-compose.example.yml']).map((file) =>
      join(ROOT, 'docker', file),
    );
    this.#files.push(join(directory, 'overlay.yml'));
    this.env = {
      GOFR_BACKUP_IMAGE: IMAGE,
      GOFR_UID: String(APP_UID),
      GOFR_GID: String(APP_UID),
      GOFR_BACKUP_CONTAINER: `${this.name}-backup`,
      GOFR_EXAMPLE_CONTAINER: `${this.name}-web`,
      GOFR_DATA_VOLUME: `${this.name}_data`,
      GOFR_LOGS_VOLUME: `${this.name}_logs`,
      GOFR_BACKUPS_VOLUME: `${this.name}_backups`,
      GOFR_REDIS_VOLUME: `${this.name}_redis`,
      GOFR_DASHBOARD_PORT: '0',
      GOFR_SECRETS_VOLUME: `${this.name}_secrets`,
      ...options.env,
    };
  }

  static async create(options: StackOptions = {}): Promise<Stack> {
    const directory = await mkdtemp(join(tmpdir(), 'gofr-stack-'));
    await writeFile(join(directory, 'overlay.yml'), options.overlay ?? 'services: {}\n');
    return new Stack(directory, options);
  }

  /** Creates a stack and brings it up; what does not come up is taken down again. */
  static async started(options: StackOptions, bringUp: (stack: Stack) => Promise<unknown>): Promise<Stack> {
    const stack = await Stack.create(options);
    try {
      await bringUp(stack);
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  compose(args: string[], options: { input?: string; timeoutMs?: number } = {}): Promise<Ran> {
    const files = this.#files.flatMap((file) => ['-f', file]);
    return dockerRan(['compose', '-p', this.name, ...files, ...args], { ...options, env: this.env });
  }

  up(...services: string[]): Promise<string> {
    return must(this.compose(['up', '-d', '--no-build', ...services]));
  }

  /** The command line inside the running `backup` container. */
  cli(...args: string[]): Promise<Ran> {
    return this.compose(['exec', '-T', 'backup', 'gofr-backup', ...args], { timeoutMs: 120_000 });
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await must(this.cli(...args, '--json'))) as T;
  }

  /** The one-off `restore` service. */
  restore(...args: string[]): Promise<Ran> {
    return this.compose(['run', '--rm', '-T', 'restore', ...args], { timeoutMs: 120_000 });
  }

  /** A shell as root with every volume of the stack read-write, whatever runs or not. */
  helper(script: string): Promise<string> {
    const mounts = ['data', 'logs', 'backups'].flatMap((v) => ['-v', `${this.name}_${v}:/${v}`]);
    const as = ['--network', 'none', '--user', '0:0', '--entrypoint', 'sh'];
    return docker('run', '--rm', ...as, ...mounts, IMAGE, '-ec', script);
  }

  async id(service: string): Promise<string> {
    return (await must(this.compose(['ps', '-a', '-q', service]))).trim();
  }

  async state(
    service: string,
  ): Promise<{ Status: string; ExitCode: number; OOMKilled: boolean; Health?: { Status: string } }> {
    return JSON.parse(await docker('inspect', '-f', '{{json .State}}', await this.id(service))) as never;
  }

  async healthy(...services: string[]): Promise<void> {
    for (const service of services) {
      await until(
        `${service} is healthy`,
        async () => (await this.state(service)).Health?.Status === 'healthy',
      );
    }
  }

  logs(service: string): Promise<string> {
    return must(this.compose(['logs', '--no-color', service]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose([
      '--profile',
      'dashboard',
      '--profile',
      'restore',
      'down',
      '-v',
      '-t',
      '2',
      '--remove-orphans',
    ]);
    for (const volume of [
      ...['data', 'logs', 'backups', 'redis', 'secrets'],
      ...['secrets_redis', 'secrets_services', 'secrets_dashboard'],
    ])
      await dockerRan(['volume', 'rm', '-f', `${this.name}_${volume}`]);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Polls until `condition` holds; a throwing condition counts as not yet. */
export async function until(what: string, condition: () => Promise<boolean>, seconds = 90): Promise<void> {
  const end = performance.now() + seconds * 1000;
  let last: unknown;
  while (performance.now() < end) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    await sleep(250);
  }
  throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
}
