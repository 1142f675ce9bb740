import { parseRedisUrl } from '@gofr-backup/model';
import { type Kind, parsed } from './kinds.ts';

/** The URL as it was written, once it is known that `connect` can read it. */
export const redisUrl: Kind<string> = {
  allowed:
    'redis://, rediss://, unix://, redis+sentinel://h1,h2/name or redis+cluster://h1,h2; rediss+… for TLS, with ?ca=/file; ?sentinel_password=',
  schema: parsed((text) => {
    parseRedisUrl(text);
    return text;
  }),
};
