/** The public surface of the core. Rooms export through their own index. */
export * from './archive/index.ts';
export * from './catalogue.ts';
export * from './clock.ts';
export * from './errors.ts';
export * from './moment.ts';
export * from './operations/index.ts';
export type * from './operations/types.ts';
export type * from './plan.ts';
export * from './ports.ts';
export * from './repository/index.ts';
export * from './retention/index.ts';
