import { defineConfig } from 'vitest/config'
import { TotalsReporter } from './test/totals-reporter.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'node_modules/**'],
    reporters: ['default', new TotalsReporter()],
    restoreMocks: true,
    // No test waits for time to pass; this is for property tests on a machine that has other work to do.
    testTimeout: 60_000,
  },
})
