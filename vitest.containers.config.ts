import { defineConfig } from 'vitest/config';

/** Scenarios on a real Docker engine; one stack at a time, the machine may be small. */
export default defineConfig({
  test: {
    include: ['test/containers/**/*.test.ts'],
    globalSetup: ['test/containers/image.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
