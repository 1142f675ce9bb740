/** What archives hold, read by a program of others and remembered by their SHA-256. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** path inside the archive, a character a byte -> `file <sha256>` or `link <text>` */
export type Held = ReadonlyMap<string, string>;

export class Archives implements Disposable {
  readonly #python: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #known = new Map<string, Held>();

  constructor() {
    const script = join(import.meta.dirname, 'archives.py');
    this.#python = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#python.stdout! })[Symbol.asyncIterator]();
  }

  /** One at a time. */
  async read({ path, sha256 }: { path: string; sha256: string }): Promise<void> {
    if (this.#known.has(sha256)) return;
    this.#python.stdin!.write(`${JSON.stringify(path)}\n`);
    const { value } = await this.#answers.next();
    this.#known.set(sha256, new Map(Object.entries(JSON.parse(String(value)) as Record<string, string>)));
  }

  /** Of an archive that was read. */
  heldBy(sha256: string): Held {
    return this.#known.get(sha256)!;
  }

  [Symbol.dispose](): void {
    this.#python.kill();
  }
}
