/** One SSH connection with one SFTP channel, made when it is needed and again when it broke. */
import ssh2, { type Client, type ConnectConfig, type SFTPWrapper } from 'ssh2';
import { codeOf } from '@gofr-backup/model';
import { problemOf } from '../errno-problem.ts';
import { StoreError, type StoreProblem } from '../store-error.ts';
import { fingerprintOf, type HostKeyCheck } from './host-key.ts';

export interface SftpAccount {
  host: string;
  port: number;
  user: string;
  privateKey: string;
  passphrase?: string;
  hostKey: HostKeyCheck;
  /** ms without an answer */
  timeout: number;
}

/** A call of ssh2, whose answer is its callback's. */
export type Ask<T> = (sftp: SFTPWrapper, done: (error: Error | null | undefined, value?: T) => void) => void;

interface Session {
  client: Client;
  sftp: SFTPWrapper;
}

/** As signed; ssh2 asks for kinds, and `ssh-rsa` keys sign in newer ways. */
const SIGNATURES: Record<string, string[]> = { 'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'] };

export class SftpConnection {
  readonly #account: SftpAccount;
  #session: Promise<Session> | undefined;
  #disposed = false;

  constructor(account: SftpAccount) {
    this.#account = account;
  }

  /** Errors are those of ssh2; what gets no answer within the time breaks the connection, since nothing on it can be trusted to come. */
  async ask<T>(question: Ask<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const { client, sftp } = await orAbort(this.#connected(), signal);
    const answered = new Promise<T>((resolve, reject) => {
      const silent = setTimeout(() => {
        reject(unreachable(`no answer within ${this.#account.timeout} ms`));
        this.#forget();
        client.destroy();
      }, this.#account.timeout);
      question(sftp, (error, value) => {
        clearTimeout(silent);
        if (error) reject(error);
        else resolve(value as T);
      });
    });
    return orAbort(answered, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const session = this.#session;
    this.#session = undefined;
    await session?.then(({ client }) => client.destroy()).catch(() => {});
  }

  #connected(): Promise<Session> {
    if (this.#disposed) throw new Error('the store is closed');
    const session = (this.#session ??= this.#connect());
    session.catch(() => this.#forget(session));
    return session;
  }

  #forget(session = this.#session): void {
    if (this.#session === session) this.#session = undefined;
  }

  #connect(): Promise<Session> {
    const { host, port, hostKey } = this.#account;
    const client = new ssh2.Client();
    const connecting = new Promise<Session>((resolve, reject) => {
      let refused: StoreError | undefined;
      const verify = (key: Buffer): boolean => {
        if (!hostKey.trusts(key)) refused = untrusted(`${host}:${port}`, key);
        return refused === undefined;
      };
      const lost = (error?: Error): void => {
        this.#forget(connecting);
        reject(refused ?? (error ? connectionError(error) : unreachable('the connection was closed')));
      };
      client.on('error', lost);
      client.on('close', () => lost());
      client.on('ready', () => {
        client.setNoDelay(true);
        client.sftp((error, sftp) => {
          if (error) return lost(error);
          sftp.on('close', () => this.#forget(connecting));
          resolve({ client, sftp });
        });
      });
      try {
        client.connect(this.#config(verify));
      } catch (error) {
        reject(keyError(error as Error));
      }
    });
    connecting.catch(() => client.destroy());
    return connecting;
  }

  #config(hostVerifier: (key: Buffer) => boolean): ConnectConfig {
    const { host, port, user, privateKey, passphrase, hostKey, timeout } = this.#account;
    const kinds = hostKey.kinds?.flatMap((kind) => SIGNATURES[kind] ?? [kind]);
    return {
      host,
      port,
      username: user,
      privateKey,
      ...(passphrase !== undefined && { passphrase }),
      hostVerifier,
      readyTimeout: timeout,
      keepaliveInterval: Math.ceil(timeout / 2),
      keepaliveCountMax: 2,
      ...(kinds && { algorithms: { serverHostKey: kinds as never } }),
    };
  }
}

/** The answer that comes later is of no interest. */
async function orAbort<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return answer;
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  aborted.promise.catch(() => {});
  if (signal.aborted) abort();
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    answer.catch(() => {});
  }
}

const unreachable = (why: string, cause?: Error): StoreError =>
  new StoreError('unreachable', 'the SFTP server does not answer', { why, ...(cause && { cause }) });

function untrusted(server: string, key: Buffer): StoreError {
  const shown = fingerprintOf(key);
  return new StoreError('untrusted', `${server} is not known`, {
    why: `its key has the fingerprint ${shown}, which is neither in the URL nor in known_hosts`,
    hint: `Compare it with \`ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub\` on the server; if it is the same, add ?hostkey=${shown} to OFFSITE_URL.`,
  });
}

const BY_LEVEL: Record<string, StoreProblem> = {
  'client-authentication': 'forbidden',
  'client-timeout': 'unreachable',
  'client-socket': 'unreachable',
  'client-dns': 'unreachable',
  'client-ssh': 'unreachable',
  handshake: 'untrusted',
  protocol: 'failed',
};

function connectionError(error: Error & { level?: string }): StoreError {
  const kind = problemOf(codeOf(error)) ?? BY_LEVEL[error.level ?? ''] ?? 'unreachable';
  if (kind === 'unreachable') return unreachable(error.message, error);
  return new StoreError(kind, 'the SFTP server refuses the connection', {
    cause: error,
    ...(kind === 'forbidden' && { hint: 'Add the public half of OFFSITE_SSH_KEY to authorized_keys there.' }),
  });
}

/** ssh2 says what is wrong with a key, never what is in it. */
function keyError(error: Error): StoreError {
  return new StoreError('misconfigured', 'the SSH key cannot be used', {
    cause: error,
    hint: 'Set OFFSITE_SSH_KEY to a private key in OpenSSH form; OFFSITE_PASSWORD opens one that is encrypted.',
  });
}
