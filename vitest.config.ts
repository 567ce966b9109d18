import { defineConfig } from 'vitest/config'
import { TotalsReporter } from './test/totals-reporter.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/page/**', 'node_modules/**'],
    reporters: ['default', new TotalsReporter()],
    restoreMocks: true,
    // The default leaves one core idle, which on a machine with two is half of it.
    maxWorkers: '100%',
    // No test waits for time to pass; this is for property tests on a busy machine.
    testTimeout: 60_000,
    // The default of one second is less than a busy machine may need.
    expect: { poll: { timeout: 50_000 } },
    // With `npm test`; a run of single files measures nothing. The floors are what was reached, with a point to spare.
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      // It runs in browsers: npm run test:page.
      exclude: ['src/page/**'],
      reporter: ['text-summary'],
      thresholds: { statements: 96, branches: 94, functions: 95, lines: 96 },
    },
  },
})
