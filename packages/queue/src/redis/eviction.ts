/** A Redis that makes room by throwing records away throws away jobs and schedules. */
import type { Logger } from '@gofr-backup/model';
import { askRedis, type Connection } from '../connection.ts';

/** The policy by which it does; undefined when it does not, or does not tell. */
export async function evictionPolicy(connection: Connection): Promise<string | undefined> {
  const told = await askRedis(connection, () => connection.client.info('memory')).catch(() => '');
  const valueOf = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(told)?.[1]?.trim() ?? '';
  const policy = valueOf('maxmemory_policy');
  const isLimited = Number(valueOf('maxmemory')) > 0;
  return isLimited && policy !== '' && policy !== 'noeviction' ? policy : undefined;
}

/** Whenever it is connected: a setting of Redis may have changed with its restart. */
export function tellEviction(connection: Connection, logger: Logger): void {
  const tell = async (): Promise<void> => {
    const policy = await evictionPolicy(connection);
    if (policy === undefined) return;
    logger.warn(
      { redis: connection.address, policy, hint: 'set maxmemory-policy noeviction in Redis' },
      'Redis may throw away jobs and schedules when its memory is full',
    );
  };
  const told = (): void => void tell().catch(() => {});
  connection.client.on('ready', told);
  if (connection.client.status === 'ready') told();
}
