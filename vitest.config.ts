import { configDefaults, defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/reporter/summary-reporter.ts';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['{src,test,bench,examples}/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'dist/**', 'out/**'],
    // A worker thread of onnxruntime-node inside a thread of the runner would share the process with other files.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    setupFiles: ['test/setup/property-seed.ts'],
    reporters: [new SummaryReporter()],
  },
});
