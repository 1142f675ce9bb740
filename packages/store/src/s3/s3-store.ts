/** A store in a bucket of S3 or of what speaks it: an object is one PUT, never multipart. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { LockMode } from '../location.ts';
import { checkName, isName } from '../name.ts';
import { NoSuchObject, StoreError } from '../store-error.ts';
import {
  type Abilities,
  type ByteRange,
  type Content,
  type PutOptions,
  type Store,
  type StoredObject,
} from '../store.ts';
import { gathered } from '../gathered.ts';
import { watched } from '../watched.ts';
import { dateOf } from './bucket-date.ts';
import { signHash } from './sign-hash.ts';
import { s3Error, statusOf } from './s3-problem.ts';

/** Small enough to be sent twice, to see whether the server refuses the second. */
const PROBE = 65_536;
/** Of one name; only what others put over an object of ours has more than one. */
const MOST_VERSIONS = 100;

export interface Bucket {
  name: string;
  /** of every key, without a slash at its end; empty: none */
  prefix: string;
  lockMode: LockMode;
  /** objects a request of a list asks for; unset: as many as the server gives */
  page?: number;
}

export class S3Store implements Store {
  readonly #client: S3Client;
  readonly #bucket: Bucket;
  readonly #prefix: string;
  #overwrite: Abilities['overwrite'] = 'unknown';
  #lock: Promise<boolean> | undefined;

  /** The client belongs to the store from now on. It should try once: retrying.ts tries again. */
  constructor(client: S3Client, bucket: Bucket) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = bucket.prefix === '' ? '' : `${bucket.prefix}/`;
  }

  async put(name: string, content: Content, options: PutOptions = {}): Promise<'stored' | 'taken'> {
    checkName(name);
    const { signal, retainUntil } = options;
    if (retainUntil) await this.#demandLock(signal);
    const body = await gathered(watched(content, signal));
    return telling(`putting ${name}`, signal, async () => {
      // a server that does not know the condition ignores it or refuses it: until it has proved that it keeps it, it is not relied on
      if (this.#overwrite !== 'refused' && (await this.#head(name, signal))) return 'taken';
      const answer = await this.#send(name, body, options);
      if (answer === 'stored' && this.#overwrite === 'unknown' && body.length <= PROBE && !retainUntil)
        await this.#proveCondition(name, body, signal);
      return answer;
    });
  }

  async *read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    checkName(name);
    if (range?.length === 0) return;
    const doing = `reading ${name}`;
    const found = await telling(doing, signal, () => this.#get(name, range, signal));
    if (found === undefined) return;
    let missing = found.length;
    try {
      for await (const bytes of found.body as AsyncIterable<Uint8Array>) {
        missing -= bytes.length;
        yield bytes;
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw s3Error(error, doing);
    }
    if (missing !== 0)
      throw new StoreError('unreachable', `${doing} failed`, { why: 'the answer ended too early' });
  }

  async size(name: string, signal?: AbortSignal): Promise<number | undefined> {
    checkName(name);
    const found = await telling(`looking at ${name}`, signal, () => this.#head(name, signal));
    return found?.ContentLength;
  }

  async *list(prefix = '', signal?: AbortSignal): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    do {
      const page = await telling('listing', signal, () =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket.name,
            Prefix: this.#prefix + prefix,
            ...(this.#bucket.page !== undefined && { MaxKeys: this.#bucket.page }),
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          sent(signal),
        ),
      );
      for (const { Key = '', Size: size = 0, LastModified: modified } of page.Contents ?? []) {
        const name = Key.slice(this.#prefix.length);
        if (isName(name)) yield { name, size, ...(modified && { modified }) };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** Where a bucket keeps versions, the version goes, not only the sight of it. */
  async remove(name: string, signal?: AbortSignal): Promise<void> {
    checkName(name);
    await telling(`removing ${name}`, signal, async () => {
      for (let versions = 0; versions < MOST_VERSIONS; versions++) {
        const found = await this.#head(name, signal);
        if (found === undefined) return;
        const version = found.VersionId === undefined ? {} : { VersionId: found.VersionId };
        await this.#client.send(new DeleteObjectCommand({ ...this.#at(name), ...version }), sent(signal));
        if (found.VersionId === undefined) return;
      }
    });
  }

  async now(signal?: AbortSignal): Promise<Date> {
    return telling('asking for the time', signal, () =>
      dateOf(this.#client, new HeadBucketCommand({ Bucket: this.#bucket.name }), sent(signal)),
    );
  }

  async extendLock(name: string, until: Date, signal?: AbortSignal): Promise<void> {
    await this.#demandLock(signal);
    const before = await this.lockedUntil(name, signal);
    if (before !== undefined && before >= until) return;
    const Retention = { Mode: this.#bucket.lockMode, RetainUntilDate: until };
    await telling(`locking ${name}`, signal, () =>
      this.#client.send(new PutObjectRetentionCommand({ ...this.#at(name), Retention }), sent(signal)),
    );
  }

  async lockedUntil(name: string, signal?: AbortSignal): Promise<Date | undefined> {
    checkName(name);
    const found = await telling(`looking at ${name}`, signal, () => this.#head(name, signal));
    if (found === undefined) throw new NoSuchObject(name);
    return found.ObjectLockRetainUntilDate;
  }

  /** Whoever may not ask whether the bucket locks, cannot rely on it. */
  async abilities(signal?: AbortSignal): Promise<Abilities> {
    const lock = await this.#locks(signal).catch((error: unknown) => {
      if (error instanceof StoreError && error.kind === 'forbidden') return false;
      throw error;
    });
    return { overwrite: this.#overwrite, durable: 'answered', clock: true, lock };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
  }

  #at(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket.name, Key: this.#prefix + name };
  }

  async #head(name: string, signal: AbortSignal | undefined) {
    try {
      return await this.#client.send(new HeadObjectCommand(this.#at(name)), sent(signal));
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** undefined: the object ends before the range. */
  async #get(name: string, range: ByteRange | undefined, signal: AbortSignal | undefined) {
    const Range = range && `bytes=${range.offset}-${range.offset + range.length - 1}`;
    try {
      const command = new GetObjectCommand({ ...this.#at(name), ...(Range && { Range }) });
      const { Body, ContentLength = 0 } = await this.#client.send(command, sent(signal));
      return { body: Body as Readable, length: ContentLength };
    } catch (error) {
      if (statusOf(error) === 416) return undefined;
      if ((error as Error).name === 'NoSuchKey') throw new NoSuchObject(name, error);
      throw error;
    }
  }

  /** With the condition, unless the server has shown that it does not know it. */
  async #send(name: string, body: Buffer, options: PutOptions): Promise<'stored' | 'taken'> {
    const { signal, retainUntil, sha256 } = options;
    const conditional = this.#overwrite !== 'checked';
    try {
      const command = new PutObjectCommand({
        ...this.#at(name),
        Body: body,
        ContentLength: body.length,
        ...(conditional && { IfNoneMatch: '*' }),
        ...(retainUntil && {
          ObjectLockMode: this.#bucket.lockMode,
          ObjectLockRetainUntilDate: retainUntil,
          // demanded of what is locked
          ContentMD5: createHash('md5').update(body).digest('base64'),
        }),
      });
      if (sha256 !== undefined) signHash(command, sha256);
      await this.#client.send(command, sent(signal));
      return 'stored';
    } catch (error) {
      if (conditional && statusOf(error) === 412) {
        this.#overwrite = 'refused';
        return 'taken';
      }
      if (!conditional || statusOf(error) !== 501) throw error;
      this.#overwrite = 'checked';
      return this.#send(name, body, options);
    }
  }

  /** The very same bytes once more: a server that ignores the condition takes them, and nothing has changed. */
  async #proveCondition(name: string, body: Buffer, signal: AbortSignal | undefined): Promise<void> {
    const answer = await this.#send(name, body, signal ? { signal } : {}).catch(() => undefined);
    if (answer === 'stored') this.#overwrite = 'checked';
  }

  #locks(signal: AbortSignal | undefined): Promise<boolean> {
    this.#lock ??= telling('asking for object lock', signal, async () => {
      try {
        const command = new GetObjectLockConfigurationCommand({ Bucket: this.#bucket.name });
        const answer = await this.#client.send(command, sent(signal));
        return answer.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
      } catch (error) {
        // what has no such question answers it as it likes
        if ((error as Error).name !== 'NoSuchBucket' && [400, 404, 405, 501].includes(statusOf(error) ?? 0))
          return false;
        throw error;
      }
    });
    this.#lock.catch(() => (this.#lock = undefined));
    return this.#lock;
  }

  async #demandLock(signal: AbortSignal | undefined): Promise<void> {
    if (await this.#locks(signal)) return;
    throw new StoreError('unsupported', `the bucket ${this.#bucket.name} cannot lock objects`, {
      why: 'it was made without object lock, or its server has none',
      hint: 'Unset OFFSITE_LOCK_DAYS, or make a bucket with object lock.',
    });
  }
}

const sent = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});

async function telling<T>(
  doing: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw s3Error(error, doing);
  }
}
