/** When the schedulers told a summary last, kept in Redis. */
import { alertsKey } from './alerts.ts';
import type { Connection } from './connection.ts';

const keyOf = (project: string): string => `${alertsKey(project)}:summary`;

/** ms since the epoch; undefined: never, or it cannot be read */
export async function readSummaryTime({ client }: Connection, project: string): Promise<number | undefined> {
  const text = (await client.type(keyOf(project))) === 'string' ? await client.get(keyOf(project)) : null;
  const at = Number(text ?? Number.NaN);
  return Number.isSafeInteger(at) ? at : undefined;
}

export async function writeSummaryTime({ client }: Connection, project: string, at: number): Promise<void> {
  await client.set(keyOf(project), String(at));
}
