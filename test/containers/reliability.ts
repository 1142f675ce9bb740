/** Collects what each fault did, for docs/reliability.md (scripts/reliability.ts makes the page from it). */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './stack.ts';

export interface Observation {
  fault: string;
  /** what was seen while it lasted */
  during: string;
  /** what was seen afterwards */
  after: string;
  /** seconds from the end of the fault to the next good backup */
  recovery: number;
}

export const OBSERVATIONS = join(ROOT, '.cache/reliability.jsonl');

export async function observe(observation: Observation): Promise<void> {
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  await appendFile(OBSERVATIONS, `${JSON.stringify(observation)}\n`);
}
