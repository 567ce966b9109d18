/** The checks of a script, a line on stdout for each, and the totals at the end. */
export class CheckList {
  #passed = 0
  #failed = 0

  /** Runs a check, which returns what it saw. */
  async check(name: string, body: () => string | Promise<string>): Promise<void> {
    try {
      this.pass(`${name}: ${await body()}`)
    } catch (error) {
      this.fail(name, error)
    }
  }

  pass(line: string): void {
    this.#passed += 1
    console.log(`ok      ${line}`)
  }

  fail(line: string, error: unknown): void {
    this.#failed += 1
    console.log(`FAILED  ${line}: ${error instanceof Error ? error.message : error}`)
  }

  /** Prints the totals; the exit code is 1 if a check failed. */
  end(): void {
    console.log(`${this.#passed} passed, ${this.#failed} failed`)
    if (this.#failed > 0) process.exitCode = 1
  }
}
