/** The names of objects on a server of restic's REST protocol: small blobs of `index/`, each read once and kept. */
import { createHash } from 'node:crypto';
import { bodyOf, type HttpClient } from '../http/http-client.ts';
import { isName } from '../name.ts';
import { StoreError } from '../store-error.ts';

export interface Entry {
  /** sha256 of its text, the name of its blob */
  id: string;
  name: string;
  /** bytes */
  size: number;
  /** sha256 of the bytes, the name of their blob */
  data: string;
  /** the server's time when it was put */
  put: string;
}

const V2 = 'application/vnd.x.restic.rest.v2';
const ID = /^[0-9a-f]{64}$/;
const AT_ONCE = 8;
/** bytes; what is larger is no entry */
const LARGEST = 4096;

export function entryText({ name, size, data, put }: Omit<Entry, 'id'>): Buffer {
  return Buffer.from(JSON.stringify({ name, size, data, put }));
}

export class RestEntries {
  readonly #http: HttpClient;
  /** null: a blob of others */
  readonly #known = new Map<string, Entry | null>();

  constructor(http: HttpClient) {
    this.#http = http;
  }

  /** By name, the earliest first: of two writers at once each sees the same one. */
  async all(signal?: AbortSignal): Promise<Map<string, Entry[]>> {
    const ids = await this.#ids(signal);
    await this.#learn(
      ids.filter((id) => !this.#known.has(id)),
      signal,
    );
    for (const id of this.#known.keys()) if (!ids.includes(id)) this.#known.delete(id);
    const entries = ids.flatMap((id) => this.#known.get(id) ?? []);
    return Map.groupBy(entries.sort(byTime), ({ name }) => name);
  }

  /** One small request where the entry is known and still there. */
  async find(name: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const known = [...this.#known.values()].filter((entry) => entry?.name === name);
    const [only] = known;
    if (only && known.length === 1) {
      const path = `index/${only.id}`;
      const found = await this.#http.headers(`looking at ${name}`, 'HEAD', path, { signal, accepted: [404] });
      if (found.statusCode !== 404) return only;
    }
    return (await this.all(signal)).get(name)?.[0];
  }

  async #ids(signal?: AbortSignal): Promise<string[]> {
    const headers = { accept: V2 };
    const text = await this.#http.text('listing', 'GET', 'index/', { headers, signal, accepted: [404] });
    const listed = parsed(text);
    if (!Array.isArray(listed)) return [];
    return listed.flatMap((one: unknown) => {
      const id = typeof one === 'string' ? one : (one as { name?: unknown } | null)?.name;
      return typeof id === 'string' && ID.test(id) ? [id] : [];
    });
  }

  async #learn(ids: string[], signal?: AbortSignal): Promise<void> {
    const rest = [...ids];
    const readers = Array.from({ length: AT_ONCE }, async () => {
      for (let id = rest.pop(); id !== undefined; id = rest.pop()) await this.#read(id, signal);
    });
    await Promise.all(readers);
  }

  /** What its name does not prove is damaged: no name may be lost silently. */
  async #read(id: string, signal?: AbortSignal): Promise<void> {
    const range = { range: `bytes=0-${LARGEST}` };
    const asked = { headers: range, signal, accepted: [404] };
    const answer = await this.#http.request('listing', 'GET', `index/${id}`, asked);
    const pieces: Uint8Array[] = [];
    for await (const bytes of bodyOf(answer, 'listing', signal)) pieces.push(bytes);
    const text = Buffer.concat(pieces);
    if (answer.statusCode === 404) return;
    if (text.length > LARGEST) return void this.#known.set(id, null);
    if (createHash('sha256').update(text).digest('hex') !== id)
      throw new StoreError('failed', 'listing failed', { why: `the blob index/${id} is damaged` });
    this.#known.set(id, entryOf(id, parsed(text.toString())));
  }
}

function entryOf(id: string, found: unknown): Entry | null {
  const { name, size, data, put } = (found ?? {}) as Partial<Record<keyof Entry, unknown>>;
  const isEntry =
    typeof name === 'string' &&
    isName(name) &&
    Number.isSafeInteger(size) &&
    typeof data === 'string' &&
    ID.test(data) &&
    typeof put === 'string';
  return isEntry ? { id, name, size: size as number, data, put } : null;
}

/** The server's seconds, then whatever is the same to all. */
function byTime(a: Entry, b: Entry): number {
  if (a.put !== b.put) return a.put < b.put ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
