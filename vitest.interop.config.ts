import { defineConfig } from 'vitest/config'
import { TotalsReporter } from './test/totals-reporter.ts'

// Real brokers and clients share one small machine: one file after the other, and in it one test after the other unless it says that it
// mostly waits (`concurrent`).
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/interop/harness/global-setup.ts'],
    setupFiles: ['test/interop/harness/clean-up.ts'],
    fileParallelism: false,
    sequence: { concurrent: false, shuffle: false },
    maxConcurrency: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['verbose', new TotalsReporter()],
  },
})
