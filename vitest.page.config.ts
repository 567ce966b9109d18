import { defineConfig } from 'vitest/config'
import { TotalsReporter } from './test/totals-reporter.ts'

/** The page in a browser. */
export default defineConfig({
  test: {
    include: ['test/page/**/*.test.ts'],
    globalSetup: ['test/page/support/built-page-setup.ts'],
    reporters: ['verbose', new TotalsReporter()],
    // Each file has a browser, and a browser has several processes.
    maxWorkers: 2,
    testTimeout: 180_000,
    expect: { poll: { timeout: 50_000 } },
    hookTimeout: 180_000,
  },
})
