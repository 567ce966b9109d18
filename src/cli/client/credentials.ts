import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeErrno } from '../../common/describe-errno.ts'
import { CommandError } from '../command-error.ts'

/** An account of RocketMQ's ACL. */
export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
}

/**
 * The account that signs requests: `--access-key` with `--secret-key-file`, otherwise `accessKey` and `secretKey` of
 * `$ROCKETMQ_HOME/conf/tools.yml`, as mqadmin has it.
 *
 * @returns Undefined without an account: requests are not signed.
 * @throws {CommandError} `usage`: one option without the other, or an unreadable file.
 * @see org.apache.rocketmq.acl.common.AclUtils#getAclRPCHook
 */
export function findCredentials(
  options: { readonly accessKey?: string | undefined; readonly secretKeyFile?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): Credentials | undefined {
  const { accessKey, secretKeyFile } = options
  if (accessKey !== undefined || secretKeyFile !== undefined) {
    if (accessKey === undefined || secretKeyFile === undefined)
      throw new CommandError('usage', '--access-key and --secret-key-file belong together')
    const secretKey = readText(secretKeyFile).trimEnd()
    if (secretKey === '') throw new CommandError('usage', `${secretKeyFile} (--secret-key-file) is empty`)
    return { accessKey, secretKey }
  }
  const home = env['ROCKETMQ_HOME']
  return home === undefined || home === '' ? undefined : fromToolsFile(join(home, 'conf', 'tools.yml'))
}

function fromToolsFile(path: string): Credentials | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CommandError('usage', `cannot read ${path}: ${describeErrno(error)}`)
  }
  const [accessKey, secretKey] = [scalarOf(text, 'accessKey'), scalarOf(text, 'secretKey')]
  return accessKey === '' || secretKey === '' ? undefined : { accessKey, secretKey }
}

/** The value of a top-level key: the file has two of them, so it needs no YAML reader. */
function scalarOf(text: string, key: string): string {
  const value = new RegExp(`^${key}[ \\t]*:[ \\t]*(.*)$`, 'm').exec(text)?.[1] ?? ''
  const quoted = /^(?:"([^"]*)"|'([^']*)')/.exec(value)
  return quoted?.[1] ?? quoted?.[2] ?? value.replace(/(^|\s)#.*$/, '').trim()
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError('usage', `cannot read ${path} (--secret-key-file): ${describeErrno(error)}`)
  }
}
