/**
 * The child process in which SQLite reads what an application wrote: a job a line on its standard input, an answer a line
 * on its standard output, after a line that says it is there. A database may hold a trap, so the process has few rights and little memory (`bounds.ts`).
 */
import { createInterface } from 'node:readline';
import { type Bounds, replaceBounded } from './bounds.ts';
import { type DatabaseJob, runJob } from './database-jobs.ts';

const [bounds] = process.argv.slice(2);
if (bounds !== undefined) replaceBounded(JSON.parse(bounds) as Bounds);

process.stdout.write('started\n');
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answerTo(JSON.parse(line) as DatabaseJob))}\n`);

async function answerTo(job: DatabaseJob): Promise<{ result: unknown } | { failure: string }> {
  try {
    return { result: await runJob(job) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
