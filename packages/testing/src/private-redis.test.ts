import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { privateRedis, watchLeaks } from './index.ts';

const open = (url: string): Redis => (url.startsWith('unix://') ? new Redis(url.slice(7)) : new Redis(url));

test.for([false, true])(
  'a killed server comes back with its data, and leaves nothing (tcp: %s)',
  async (tcp) => {
    const noLeaks = watchLeaks();
    {
      await using redis = await privateRedis({ tcp });
      const client = open(redis.url);
      client.on('error', () => {});
      await client.set('k', 'v');
      await redis.kill();
      await redis.start();
      expect(await client.get('k')).toBe('v');
      client.disconnect();
    }
    await noLeaks();
  },
);
