/** The public surface of the core. Rooms export through their own index. */
export * from './catalogue.ts';
export * from './clock.ts';
export * from './errors.ts';
export type * from './operations/types.ts';
export type * from './plan.ts';
export * from './ports.ts';
