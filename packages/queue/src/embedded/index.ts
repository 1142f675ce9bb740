/** The private Redis, without the client library until a server is there: what a command needs to learn that there is none. */
export { embeddedRedisDir, type EmbeddedRedis, findEmbeddedRedis, startEmbeddedRedis } from './embedded.ts';
export { endOrphans } from './orphans.ts';
