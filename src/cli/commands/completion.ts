import { SCRIPTS } from '../completion/shells.ts'
import { ExitCode } from '../exit-code.ts'
import type { Run } from '../run-command.ts'

/** `completion SHELL`: prints the script, which asks this program for everything else. */
export const run: Run = async ({ values, world }) => {
  world.stdout.write(SCRIPTS[`${values['shell']}`] ?? '')
  return ExitCode.YES
}
