import { execFile, execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { blockOf, keysOf } from '../../scripts/support/markdown-pages.ts'
import { REQUEST_GROUPS } from '../../src/access/request-groups.ts'
import { loadAccessFile } from '../../src/namesrv/access/load-access-file.ts'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { runCli } from '../cli/run-cli.ts'
import { certificateAuthority, writeCertificate, writeIdentity } from '../support/certificates.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(root, 'docs/security.md'), 'utf8')
const [steps = '', groups = ''] = page.split('\n## Groups\n')

interface Block {
  readonly language: string
  readonly content: string
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', content = '']) => ({
    language,
    content,
  }))
}

/** A server with its files in a folder that stands for those of the page. */
async function documentedServer() {
  const folder = temporaryFolder()
  const authority = certificateAuthority('Test CA')
  const { certPath, keyPath } = writeIdentity(folder, 'server', authority.issue('server'))
  writeCertificate(folder, 'server-ca', authority.cert)
  const accessFile = join(folder, 'access.yml')
  writeFileSync(accessFile, 'profile: default\n', { mode: 0o600 })
  const tls = {
    'tls.config.file': join(folder, 'none'),
    'tls.test.mode.enable': 'false',
    'tls.server.certPath': certPath,
    'tls.server.keyPath': keyPath,
  }
  const server = await startServer({ auditLogPath: join(folder, 'audit.log'), accessFile, ...tls })
  const real = (text: string): string => text.replaceAll(/\/(etc|var\/log)\/mqnamesrv(?=\/)/g, folder)
  /** @returns What the line writes to stdout, with the paths of the page. */
  const run = async (line: string): Promise<string> => {
    const words = real(line).split(' ')
    if (words[0] !== 'mqnamesrv') return execFileSync('sh', ['-c', real(line)], { encoding: 'utf8' })
    const isLocal = line.includes('access check') || line.includes('--file')
    const namesrv = isLocal ? [] : ['-n', `127.0.0.1:${server.port}`]
    const { stdout } = await runCli([...words.slice(1), ...namesrv])
    return stdout.replaceAll(folder, '/etc/mqnamesrv')
  }
  const use = (content: string): void => {
    writeFileSync(accessFile, content, { mode: 0o600 })
    server.controller.reload()
  }
  /** Runs the `curl` of the last step against a server with the keys of that step. @returns The body of the response. */
  const fetchByCurl = async (command: string): Promise<string> => {
    const keys = keysOf(blockOf('docs/security.md', 'properties', 'httpTokenFile'), {
      httpBindAddress: '127.0.0.1',
      httpAllowedHosts: 'server',
    })
    const httpTokenFile = real(keys['httpTokenFile'] ?? '')
    const { httpPort } = await startServer({ ...tls, ...keys, httpTokenFile, httpListenPort: 'any' })
    const url = `--resolve server:${httpPort}:127.0.0.1 https://server:${httpPort}/`
    const line = real(command).replace('https://ns1.mq.example:8876/', url)
    return (await promisify(execFile)('sh', ['-c', line.replace(/^curl/, 'curl --silent --fail')])).stdout
  }
  return { run, use, fetchByCurl, accessFile, lines: server.lines }
}

test('the commands of docs/security.md, in their order, print what it says', async () => {
  const { run, use, fetchByCurl, lines } = await documentedServer()
  const outputs: string[] = []
  let output = ''
  for (const { language, content } of blocksOf(steps)) {
    if (language === 'yaml') use(content)
    if (language === 'sh') for (const line of content.trimEnd().split('\n')) output += await run(line)
    const [, options] = /^mq\(\) \{ mqnamesrv "\$@" (.+); \}$/m.exec(content) ?? []
    if (options !== undefined) expect(await run(`mqnamesrv access whoami -o name ${options}`)).toBe('ops\n')
    if (content.startsWith('curl ')) expect(JSON.parse(await fetchByCurl(content))).toHaveProperty('nodeId')
    if (language !== 'text') continue
    outputs.push(output)
    output = ''
  }
  const expected = blocksOf(steps).filter(({ language }) => language === 'text')
  expect(outputs).toEqual(expected.map(({ content }) => content))
  expect(outputs.length).toBeGreaterThan(5)
  expect(lines.filter(({ msg }) => msg.includes('access file cannot be used'))).toEqual([])
})

test('docs/security.md sets only keys that exist, to values that are valid', () => {
  const blocks = blocksOf(page).filter(({ language }) => language === 'properties')
  expect(blocks.length).toBeGreaterThan(2)
  for (const { content } of blocks) {
    const file = { path: 'namesrv.conf', bytes: Buffer.from(content) }
    const { notices } = Configuration.resolve({ file, homeDirectory: '/home/user', processors: 2 })
    expect(notices.filter(({ level }) => level === 'warn')).toEqual([])
  }
})

describe('the place that the response to a rejected request names', () => {
  const sections = new Map(
    groups
      .split(/^### /m)
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf('\n')), text]),
  )

  test.each(REQUEST_GROUPS)(
    'is a heading of docs/security.md for the group %s, with a rule that opens it',
    (group) => {
      const [{ content = '' } = {}] = blocksOf(sections.get(group) ?? '')
      const folder = temporaryFolder()
      writeFileSync(join(folder, 'access.yml'), content, { mode: 0o600 })
      writeFileSync(join(folder, 'ops.secret'), 'a secret of ops', { mode: 0o600 })
      const { policy, problems, warnings } = loadAccessFile(join(folder, 'access.yml'), 'guarded', {})
      // Of the groups that only strict closes.
      const others = warnings.filter(
        (warning) => !/ changes no decision: profile guarded allows /.test(warning),
      )
      expect([problems, others]).toEqual([[], []])
      const ops = policy?.accounts.get('ops')?.identity
      const decision = policy?.decide(
        { identity: ops, host: group === 'register' ? '10.1.0.5' : '10.9.0.1', isTls: false },
        {
          group,
          clusterName: null,
          brokerName: group === 'register' ? 'broker-a' : null,
          topic: group === 'lookup' ? 'orders-1' : null,
          announced: group === 'register' ? ['10.1.0.5:10911'] : [],
        },
      )
      expect(decision).toMatchObject({ isAllowed: true, rule: expect.stringContaining('rule 1') })
    },
  )
})
