import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Programs that tests start find what was compiled before, as production does: a third less time where many are started. */
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/node') };

/** What measures, so nothing may run beside it. */
const alone = ['bench', 'redirect-event-loop'].map((name) => `test/system/${name}.test.ts`);

/** Its one test takes longer than any other file, and would be waited for at the end. */
const longest = 'test/system/faults.test.ts';

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLongest = ({ moduleId }: TestSpecification) => moduleId.endsWith(longest);
    return [...sorted.filter(isLongest), ...sorted.filter((file) => !isLongest(file))];
  }
}

export default defineConfig({
  test: {
    // Vitest would leave one core idle.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          env,
          include: [
            'test/{domain,config,redirect,clicks,cluster,deployment,edge,rooms,bench,faults,guard}/**/*.test.ts',
          ],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'app',
          env,
          include: ['test/{storage,http,web,app,cli,backup}/**/*.test.ts'],
          testTimeout: 60_000,
          // Some start servers and processes first.
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'system',
          env,
          include: ['test/system/**/*.test.ts'],
          exclude: alone,
          // Real fleets, which mostly wait: one more at a time than there are cores, and nothing else beside them.
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'alone',
          env,
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
