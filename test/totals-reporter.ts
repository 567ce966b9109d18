import type { Reporter, TestModule } from 'vitest/node'

/** Closes a run with one plain line of totals, for whoever reads the output by machine. */
export class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let passed = 0
    let failed = 0
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed++
        else failed++
      }
      failed += module.errors().length
    }
    console.log(`\ntests: ${passed} passed, ${failed} failed`)
  }
}
