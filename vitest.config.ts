import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { COMPILE_CACHE, TEST_FLAGS } from './scripts/test-node.ts';

// `unit` needs nothing but loopback; `e2e` needs Docker and kind and runs one file at a time,
// because two cores hold one cluster. So does `gallery`, which is one run of thirty scenarios. `sandbox` runs whole
// gates, each in a process that does nothing else meanwhile, because balancers, API server and the gate itself share
// its event loop; `timed` are tests in which real servers and processes keep their time. Of both several run for each
// core at a time: they wait for their timers far more than they compute. What runs beside them has to take a lower
// priority (scripts/test.ts): a prober that has to wait for the processor gives no verdict.

// Hundreds of probers and pods are started as child processes: each finds its compiled sources here.
const env = { NODE_COMPILE_CACHE: COMPILE_CACHE };
const execArgv = [...TEST_FLAGS];

/** What waits longest begins first, so that the others fit beside it; a clean clone has no durations to go by. */
const FIRST = [
  ...['parallel', 'fix-proven', 'good-with-bad-twin', 'disturbed-api', 'image-pull'],
  ...['amplified-delay', 'connections', 'frozen-balancer', 'sequence', 'fix-withdrawn', 'node-gone'],
  ...['prober', 'outcomes', 'https', 'confusion', 'rollout', 'run-probe', 'http2'],
  ...['markdown', 'causes', 'check-command', 'reports', 'judge', 'bounded'],
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const index = FIRST.indexOf(basename(moduleId).replace(/(\.sandbox|\.timed)?\.test\.ts$/, ''));
      return index < 0 ? FIRST.length : index;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Sources run as users run them: Node leaves out the types itself, and remembers what it has compiled.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{e2e,sandbox,timed}.test.ts'],
          testTimeout: 20_000,
          env,
          execArgv,
          // Modules are loaded once for each worker and not once for each file: no test replaces a module or leaves
          // one changed.
          isolate: false,
          maxWorkers: availableParallelism(),
        },
      },
      {
        test: {
          name: 'timed',
          include: ['test/**/*.timed.test.ts'],
          isolate: false,
          maxWorkers: availableParallelism(),
          // Those of a file that run at the same time wait for deadlines. Each may have a block of loopback addresses,
          // of which there are 64.
          maxConcurrency: 12,
          testTimeout: 20_000,
          env,
          execArgv,
        },
      },
      {
        test: {
          name: 'sandbox',
          include: ['test/**/*.sandbox.test.ts'],
          isolate: false,
          maxWorkers: Math.round(2.5 * availableParallelism()),
          testTimeout: 120_000,
          env,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/**/*.e2e.test.ts'],
          exclude: ['test/gallery/**'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'gallery',
          include: ['test/gallery/**/*.e2e.test.ts'],
          // One run of all scenarios, which are then judged one by one.
          hookTimeout: 1_200_000,
        },
      },
    ],
  },
});
