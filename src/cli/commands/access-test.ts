import { type AccessTest, testAccess, testedRequest } from '../../access/explain-access.ts'
import { PROFILES } from '../../access/policy.ts'
import { loadAccessFile } from '../../namesrv/access/load-access-file.ts'
import { CommandError } from '../command-error.ts'
import type { CommandContext, Run } from '../run-command.ts'

type Item = AccessTest & { readonly namesrv?: string }

/** `access test --code … --from …`. */
export const run: Run = async (context) => {
  const { values, paint } = context
  for (const name of ['code', 'from'])
    if (values[name] === undefined) throw new CommandError('usage', `--${name} is missing`)
  if (!/^\d{1,5}$/.test(`${values['code']}`))
    throw new CommandError('usage', `--code ${JSON.stringify(values['code'])} is not a number`)
  if (values['profile'] !== undefined && values['file'] === undefined)
    throw new CommandError('usage', '--profile needs --file: servers have a profile')
  const { items, failures } =
    values['file'] === undefined
      ? await testAtServers(context)
      : { items: [testFile(`${values['file']}`, context)], failures: [] }
  return {
    items,
    failures,
    isNo: items.some(({ allowed, mode }) => !allowed && mode === 'enforce'),
    view: {
      lines: ({ code, group, allowed, rule, mode, identity, host, network, note, nearMiss }) => [
        `${allowed ? paint('green', 'allowed') : paint('red', mode === 'audit' ? 'let pass (mode audit)' : 'rejected')} by ${rule}`,
        `request ${code} is in group ${group}`,
        `from ${host}${network === null ? '' : ` (network ${network})`} as ${identityText(identity)}`,
        ...(note === null ? [] : [note]),
        ...(nearMiss === null ? [] : [nearMiss]),
      ],
    },
    name: ({ rule }) => rule,
  }
}

/** An identity in words. */
export function identityText(identity: AccessTest['identity']): string {
  if (identity === null) return 'anonymous'
  const { kind, name, roles } = identity
  return `${kind} ${name}${roles.length === 0 ? '' : ` (${roles.join(', ')})`}`
}

function testFile(file: string, { values, world }: CommandContext): Item {
  const profile = PROFILES.find((name) => name === values['profile']) ?? 'default'
  const { policy, problems } = loadAccessFile(file, profile, world.env)
  if (policy === undefined)
    throw new CommandError('failed', `${problems[0]} (mqnamesrv access check ${file})`)
  const tested = testAccess(policy, testedRequest(queryOf(values), Number(values['code'])))
  if (typeof tested === 'string') throw new CommandError('usage', tested)
  return tested
}

async function testAtServers({ values, askEach }: CommandContext) {
  const query = queryOf(values)
  return askEach(async (server) => [await server.view<AccessTest>(`/api/v1/access/test?${query}`)])
}

function queryOf(values: CommandContext['values']): URLSearchParams {
  const query = new URLSearchParams(values['overTls'] === true ? { tls: 'true' } : {})
  for (const name of ['code', 'from', 'as', 'certificate', 'cluster', 'broker', 'topic', 'announce'])
    if (values[name] !== undefined) query.set(name, `${values[name]}`)
  return query
}
