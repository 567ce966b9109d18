import { SCRIPTS } from '../completion/shells.ts'
import type { Run } from '../run-command.ts'

/** `completion SHELL`: the script, which asks this program for everything else. */
export const run: Run = async ({ values }) => {
  const shell = `${values['shell']}`
  const script = SCRIPTS[shell] ?? ''
  return {
    items: [{ shell, script }],
    view: { lines: () => script.trimEnd().split('\n') },
    name: () => shell,
  }
}
