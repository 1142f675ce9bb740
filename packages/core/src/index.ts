/** The public surface of the core. Rooms export through their own index. */
export * from './operations/index.ts';
export * from './repository/index.ts';
export * from './retention/index.ts';
