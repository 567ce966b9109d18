/** What `explain` answers: fixed templates, filled with names, times and numbers. */
export interface Story<Verdict extends string = string> {
  readonly verdict: Verdict
  /** The first sentence states the cause. */
  readonly sentences: readonly string[]
  /** What to run or to set. */
  readonly commands: readonly string[]
}

/** Sentences and commands without those that do not apply. */
export function story<Verdict extends string>(
  verdict: Verdict,
  sentences: readonly (string | undefined)[],
  commands: readonly (string | null | undefined)[],
): Story<Verdict> {
  const shown = commands.filter((command) => typeof command === 'string')
  return {
    verdict,
    sentences: sentences.filter((sentence) => sentence !== undefined),
    commands: [...new Set(shown)],
  }
}
