import { defineConfig } from 'vitest/config';

/** ms; a busy machine is slow, not wrong */
const GENEROUS = 180_000;
const EVERYWHERE = [
  'apps/*/src/**/*.test.ts',
  'packages/*/src/**/*.test.ts',
  'scripts/**/*.test.ts',
  'test/**/*.test.ts',
];

/** One group a kind of surroundings: `host` needs none, the others a Docker engine or a browser. */
export default defineConfig({
  test: {
    pool: 'forks',
    // by default one core is left to the main process, which has next to nothing to do: on two cores that is half
    maxWorkers: '100%',
    testTimeout: GENEROUS,
    hookTimeout: GENEROUS,
    teardownTimeout: GENEROUS,
    projects: [
      {
        extends: true,
        test: {
          name: 'host',
          include: EVERYWHERE,
          exclude: ['test/{containers,browser}/**', '**/node_modules/**'],
          setupFiles: process.env['CI'] === 'true' ? ['packages/testing/src/fixed-seed.ts'] : [],
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          include: ['test/containers/**/*.test.ts'],
          globalSetup: ['test/containers/image.ts'],
          // each stack has names and ports of its own, and waits most of its time
          maxWorkers: 2,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: { name: 'browser', include: ['test/browser/**/*.test.ts'], fileParallelism: false },
      },
    ],
  },
});
