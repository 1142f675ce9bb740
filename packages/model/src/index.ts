/** The nouns of every package, and the ports that tests replace. Imports nothing of ours. */
export * from './byte-path.ts';
export * from './catalogue.ts';
export * from './clock.ts';
export * from './component.ts';
export type * from './entry.ts';
export * from './errors.ts';
export * from './identity.ts';
export * from './moment.ts';
export type * from './operations.ts';
export type * from './plan.ts';
export * from './ports.ts';
export * from './times.ts';
export * from './work-dir.ts';
