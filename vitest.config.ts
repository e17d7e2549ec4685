import { defineConfig } from 'vitest/config';

// `unit` needs nothing but loopback; `e2e` needs Docker and kind and runs one file at a time,
// because two cores hold one cluster. `sandbox` runs whole gates, two at a time: a prober that has to wait for the
// processor gives no verdict.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.e2e.test.ts', 'test/**/*.sandbox.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'sandbox',
          include: ['test/**/*.sandbox.test.ts'],
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/**/*.e2e.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
