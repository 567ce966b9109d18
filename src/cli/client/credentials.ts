import { join } from 'node:path'
import type { Credentials } from '../../admin/admin-options.ts'
import { describeErrno } from '../../common/describe-errno.ts'
import { readFileOrStream } from '../../namesrv/config/read-file.ts'
import { CommandError } from '../command-error.ts'
import type { Values } from '../parse.ts'

/**
 * The account that signs requests: `--access-key` with `--secret-key-file`, otherwise `accessKey` and `secretKey` of
 * `$ROCKETMQ_HOME/conf/tools.yml`, as mqadmin has it.
 *
 * @returns Undefined without an account: requests are not signed.
 * @throws {CommandError} (rejects) `usage`: one option without the other, or a file that cannot be used.
 * @see org.apache.rocketmq.acl.common.AclUtils#getAclRPCHook
 */
export async function findCredentials(
  options: Values,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Credentials | undefined> {
  const [accessKey, secretKeyFile] = [options['accessKey'], options['secretKeyFile']].map((value) =>
    typeof value === 'string' ? value : undefined,
  )
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

async function fromToolsFile(path: string): Promise<Credentials | undefined> {
  let text: string
  try {
    text = readFileOrStream(path).toString()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CommandError('usage', `cannot read ${path}: ${describeErrno(error)}`)
  }
  if (!/^[ \t]*[^#\s]/m.test(text)) return undefined
  const { integerText, YamlReader } = await import('../../access/yaml-reader.ts')
  const yaml = new YamlReader(text)
  const keys = ['accessKey', 'secretKey'] as const
  const entries = yaml.root === null ? undefined : yaml.mapping(yaml.root, 'tools.yml', keys)
  const [accessKey = '', secretKey = ''] = keys.map((key) => {
    const node = entries?.get(key)?.value
    if (node === undefined || (node as { readonly value?: unknown }).value === '') return ''
    return integerText(node) ?? yaml.text(node, key) ?? ''
  })
  const [problem] = yaml.problems
  if (problem !== undefined) throw new CommandError('usage', `${path}:${problem.line}: ${problem.message}`)
  return accessKey === '' || secretKey === '' ? undefined : { accessKey, secretKey }
}

function readText(path: string): string {
  try {
    return readFileOrStream(path).toString()
  } catch (error) {
    throw new CommandError('usage', `cannot read ${path} (--secret-key-file): ${describeErrno(error)}`)
  }
}
