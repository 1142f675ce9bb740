/**
 * The nouns' schemas, for those who read what others wrote: a manifest, a job. A door of its own, because threads and
 * start-up take the types alone and shall not load zod, which takes longer than all the rest.
 */
export * from './catalogue-entry.ts';
export * from './operations.ts';
