/** For tests only: real directories, a real Redis, a clock that obeys. */
export * from './clock.ts';
export * from './code-cache.ts';
export * from './collector.ts';
export * from './figure-file.ts';
export * from './hostile-tar.ts';
export * from './leaks.ts';
export * from './private-redis.ts';
export * from './race-figures.ts';
export * from './racing-process.ts';
export * from './seed.ts';
export * from './servers/index.ts';
export * from './temporary.ts';
export * from './tools.ts';
export * from './travel.ts';
export * from './tree.ts';
export * from './wait-for.ts';
export * from './without-types.ts';
