import { defineConfig } from 'vitest/config'
import { TotalsReporter } from './test/totals-reporter.ts'

// Real brokers and clients share one small machine, so everything runs one after the other and may take its time.
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/interop/harness/global-setup.ts'],
    setupFiles: ['test/interop/harness/clean-up.ts'],
    fileParallelism: false,
    sequence: { concurrent: false, shuffle: false },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['verbose', new TotalsReporter()],
  },
})
