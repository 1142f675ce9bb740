/** HTTP to one server: idle time as the only limit of time, one password, errors by their kind. */
import { type IncomingMessage, request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { StoreError } from '../store-error.ts';
import { httpError, statusError } from './http-problem.ts';
import { PromptAgent, SecurePromptAgent } from './prompt-agent.ts';

export interface HttpServer {
  /** ends with a slash */
  url: string;
  user?: string;
  password?: string;
  /** ms without a byte */
  timeout: number;
}

export interface Asked {
  headers?: Record<string, string>;
  body?: Buffer;
  signal?: AbortSignal | undefined;
  /** what else than 2xx is an answer */
  accepted?: readonly number[];
}

export class HttpClient implements Disposable {
  readonly #server: HttpServer;
  readonly #agent: PromptAgent | SecurePromptAgent;
  readonly #isSecure: boolean;

  constructor(server: HttpServer) {
    this.#server = server;
    this.#isSecure = server.url.startsWith('https:');
    const kept = { keepAlive: true, timeout: server.timeout };
    this.#agent = this.#isSecure ? new SecurePromptAgent(kept) : new PromptAgent(kept);
  }

  /** `path` is relative to the server's URL. The body of the answer is the caller's to read or to drain. */
  async request(doing: string, method: string, path: string, asked: Asked = {}): Promise<IncomingMessage> {
    const { signal, accepted = [] } = asked;
    signal?.throwIfAborted();
    const answer = await this.#send(method, path, asked).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw httpError(error, doing);
    });
    const status = answer.statusCode ?? 0;
    if ((status >= 200 && status < 300) || accepted.includes(status)) return answer;
    throw statusError(status, doing, await beginningOf(answer));
  }

  /** Of an answer whose body is of no interest. */
  async headers(doing: string, method: string, path: string, asked?: Asked): Promise<IncomingMessage> {
    const answer = await this.request(doing, method, path, asked);
    answer.resume();
    return answer;
  }

  async text(doing: string, method: string, path: string, asked?: Asked): Promise<string> {
    const answer = await this.request(doing, method, path, asked);
    const found: Uint8Array[] = [];
    for await (const bytes of bodyOf(answer, doing, asked?.signal)) found.push(bytes);
    return Buffer.concat(found).toString();
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, { headers = {}, body, signal }: Asked): Promise<IncomingMessage> {
    const { url, user, password = '', timeout } = this.#server;
    const login = user === undefined ? {} : { auth: `${user}:${password}` };
    return new Promise((resolve, reject) => {
      const request = (this.#isSecure ? secure : plain)(new URL(path, url), {
        method,
        agent: this.#agent,
        timeout,
        headers: { ...headers, ...(body && { 'content-length': String(body.length) }) },
        ...login,
        ...(signal && { signal }),
      });
      const silent = Object.assign(new Error(`no byte within ${timeout} ms`), { code: 'ETIMEDOUT' });
      request.on('timeout', () => request.destroy(silent));
      request.on('error', reject);
      request.on('response', resolve);
      request.end(body);
    });
  }
}

/** Never ends as if it were whole when it is not. */
export async function* bodyOf(
  answer: IncomingMessage,
  doing: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* answer as AsyncIterable<Uint8Array>;
  } catch (error) {
    signal?.throwIfAborted();
    throw httpError(error, doing);
  }
  if (!answer.complete)
    throw new StoreError('unreachable', `${doing} failed`, { why: 'the answer ended too early' });
}

/** A part of the body: of a server that does not know ranges, whose answer is 200, what was not asked for is left out. */
export async function* rangeOf(
  answer: IncomingMessage,
  range: { offset: number; length: number } | undefined,
  doing: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const isWhole = range !== undefined && answer.statusCode === 200;
  let skipped = isWhole ? range.offset : 0;
  let left = range?.length ?? Number.POSITIVE_INFINITY;
  for await (const bytes of bodyOf(answer, doing, signal)) {
    const wanted = bytes.subarray(skipped).subarray(0, left);
    skipped = Math.max(0, skipped - bytes.length);
    left -= wanted.length;
    if (wanted.length > 0) yield wanted;
    if (left === 0) return;
  }
}

export const rangeHeader = (range: { offset: number; length: number } | undefined): Record<string, string> =>
  range ? { range: `bytes=${range.offset}-${range.offset + range.length - 1}` } : {};

const MOST = 500;

/** What a server says about its refusal, for people. */
async function beginningOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const bytes of answer as AsyncIterable<Buffer>) {
      text += bytes.toString('latin1');
      if (text.length > MOST) break;
    }
  } catch {
    // the status says enough
  }
  return text
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/[^\x20-\x7E]+/g, ' ')
    .replaceAll(/ +/g, ' ')
    .trim()
    .slice(0, MOST);
}
