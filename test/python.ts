/** A Python script that answers each line of JSON with another. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Python implements Disposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(script: string) {
    this.#child = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** One at a time. */
  async ask<T>(question: unknown): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    const { value } = await this.#answers.next();
    return JSON.parse(String(value)) as T;
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}
