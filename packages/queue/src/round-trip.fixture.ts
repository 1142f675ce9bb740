/** For tests only: one job through the queue of a REDIS_URL. */
import { expect } from 'vitest';
import { connect } from './connection.ts';
import { startConsumer } from './consumer.ts';
import { enqueue } from './enqueue.ts';
import { follow } from './follow.ts';
import { idle } from './processors.fixture.ts';
import { openQueue } from './queue.ts';

export async function expectRoundTrip(url: string): Promise<void> {
  const service = await connect(url, { mode: 'service' });
  const command = await connect(url, { mode: 'command' });
  const processors = idle({ drill: async () => ({ backup: 'a', ok: true, files: 7, problems: [] }) });
  const consumer = startConsumer({ project: 'plot', connection: service, processors });
  const queue = openQueue('plot', command);
  try {
    const job = await enqueue(queue, 'drill', {});
    expect(await follow(job)).toMatchObject({ files: 7 });
  } finally {
    await consumer.stop();
    await queue.close();
    command.close();
    service.close();
  }
}
