import { existsSync } from 'node:fs'
import { PROFILES } from '../../access/policy.ts'
import { loadAccessFile } from '../../namesrv/access/load-access-file.ts'
import { CommandError } from '../command-error.ts'
import type { Run } from '../run-command.ts'

/** `access check FILE`: what a start with it would say, here and now. */
export const run: Run = async ({ values, world, paint }) => {
  const file = `${values['file']}`
  if (!existsSync(file)) throw new CommandError('not_found', `${file}: no such file or directory`)
  const profile = PROFILES.find((name) => name === values['profile']) ?? 'default'
  const { policy, problems, warnings } = loadAccessFile(file, profile, world.env)
  const summary = policy && {
    profile: policy.profile,
    mode: policy.mode,
    accounts: policy.accounts.size,
    rules: policy.rules.length,
    openGroups: [...policy.openGroups],
  }
  return {
    items: [{ file, valid: problems.length === 0, problems, warnings, policy: summary ?? null }],
    isNo: problems.length > 0,
    view: {
      lines: ({ file, valid, problems, warnings, policy }) => [
        ...problems.map((problem: string) => `${paint('red', 'error')}: ${problem}`),
        ...warnings.map((warning: string) => `${paint('yellow', 'warning')}: ${warning}`),
        `${file} is ${valid ? 'valid' : 'invalid'}`,
        ...(policy === null
          ? []
          : [
              `profile ${policy.profile}, mode ${policy.mode}; open to everyone: ${policy.openGroups.join(', ') || 'nothing'}`,
            ]),
      ],
    },
    name: ({ file }) => file,
  }
}
