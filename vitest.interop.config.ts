import { configDefaults, defineConfig } from 'vitest/config'
import { TotalsReporter } from './test/totals-reporter.ts'

/** Files that use all CPU time there is, and files that count every error of a client and every response that is late. */
const alone = ['acting-master', 'chaos', 'differential/*', 'rolling-restart'].map(
  (name) => `test/interop/${name}.test.ts`,
)

// Real brokers and clients share one small machine. Most files mainly wait for timeouts and periods of brokers: they run three at a time,
// and in each one test after the other unless it says that it mostly waits (`concurrent`).
export default defineConfig({
  test: {
    globalSetup: ['test/interop/harness/global-setup.ts'],
    reporters: ['verbose', new TotalsReporter()],
    projects: [
      project(
        'side by side',
        {
          include: ['test/interop/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...alone],
          maxWorkers: 3,
        },
        0,
      ),
      project('alone', { include: alone, maxWorkers: 1 }, 1),
    ],
  },
})

function project(
  name: string,
  files: { readonly include: string[]; readonly exclude?: string[]; readonly maxWorkers: number },
  groupOrder: number,
) {
  return {
    test: {
      name,
      ...files,
      sequence: { groupOrder },
      maxConcurrency: 3,
      setupFiles: ['test/interop/harness/clean-up.ts'],
      testTimeout: 120_000,
      expect: { poll: { timeout: 50_000 } },
      hookTimeout: 120_000,
    },
  }
}
