import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { blocksOf, PAGES, textOf } from '../../scripts/support/markdown-pages.ts'
import { parseCommandLine } from '../../src/cli/daemon/command-line.ts'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { runCli } from '../cli/run-cli.ts'
import { putKVConfig, registration } from '../support/requests.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'

/** docs/security.md has a test of its own, which runs its commands in their order and compares what they print. */
const blocks = PAGES.flatMap(blocksOf).filter(
  ({ page, language }) => page !== 'docs/security.md' || language === 'shell',
)
const shellLines = blocks
  .filter(({ language }) => language === 'sh' || language === 'shell')
  .flatMap(({ page, content }) => content.split('\n').map((line) => ({ page, line })))

const PROGRAM =
  /(?:^|&& |nohup |npx |exec [\w-]+ |sudo -u \w+ )(?:\.\/|(?:new\/usr\/|node_modules\/\.)?bin\/)?mqnamesrv((?: .*)?)$/

/** Arguments of the program, of each line of the pages that runs it; not of lines such as `mqnamesrv ping [options]`. */
const commands = shellLines.flatMap(({ page, line }) => {
  const [, text] = PROGRAM.exec(line) ?? []
  return text === undefined || /\[(?:options|command)]/.test(text) ? [] : { page, line, argv: wordsOf(text) }
})

/** The words of a line up to a comment, a redirection, a pipe or `&`, without quotes. */
function wordsOf(line: string): string[] {
  const [text = ''] = line.replaceAll(/\$\(mktemp -d\)/g, '/tmp').split(/\s(?:#|>|\||&)/)
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"']+)+/g)].map(([word]) => word.replaceAll(/["']/g, ''))
}

/** Commands whose answer is no here: the only broker, a file and connections that are not there, another port. */
const ANSWERED_NO = /check --stop broker|^mqnamesrv (?:init|config diff|conn kick) /

/** Two servers that have what the pages name, as `10.0.0.1`, `10.0.0.2` and `a` to `c`; files are in a folder of the test. */
async function documentedCluster() {
  const folder = temporaryFolder()
  const files = {
    'namesrv.properties': textOf('conf/namesrv.properties'),
    'ops.secret': 'a secret of ops',
    'access.yml': 'accounts:\n  - { accessKey: ops, secretFile: ops.secret, admin: true }\n',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  const properties = { httpListenPort: 'any', accessFile: join(folder, 'access.yml') }
  const servers = await Promise.all([startServer(properties), startServer(properties)])
  for (const server of servers) {
    const broker = await server.connect()
    for (const topic of ['TopicA', 'TopicB']) {
      await broker.request(putKVConfig('ORDER_TOPIC_CONFIG', topic, 'broker-a:4'))
    }
    await broker.request(registration({ address: '10.0.0.5:10911', topics: ['TopicTest', 'Orders'] }))
  }
  const [one, other] = servers.map(({ port }) => `127.0.0.1:${port}`) as [string, string]
  const here = (word: string): string => {
    const [file] = /[^/]+\.(?:properties|conf|yml|json|secret)$/.exec(word) ?? []
    if (file !== undefined) return join(folder, file === 'namesrv.conf' ? 'namesrv.properties' : file)
    // A page may write one with two commands, and a command replaces no file.
    const [snapshot] = /[^/]+\.snapshot$/.exec(word) ?? []
    if (snapshot !== undefined) return join(temporaryFolder(), snapshot)
    const isList = /^(?:(?:10\.0\.0\.\d|127\.0\.0\.1|(?:namesrv-)?[abc])(?::9876)?(?:;|$))+$/.test(word)
    if (!isList) return word
    const addresses = word
      .split(';')
      .map((name) => (/^(?:10\.0\.0\.2|(?:namesrv-)?b)\b/.test(name) ? other : one))
    return [...new Set(addresses)].join(';')
  }
  return { servers, address: one, folder, here }
}

test('the pages have commands of every kind', () => {
  expect(new Set(commands.map(({ page }) => page)).size).toBeGreaterThan(4)
  expect(commands.length).toBeGreaterThan(60)
})

describe.each([...new Set(commands.map(({ page }) => page))])('the commands of %s', (page) => {
  test('run against two NameServers', async () => {
    const { address, folder, here } = await documentedCluster()
    for (const { line, argv } of commands.filter((command) => command.page === page)) {
      const words = argv.map(here)
      if (words[0] === undefined || words[0].startsWith('-')) {
        expect(parseCommandLine(words, '1.0.0'), line).toBeDefined()
        continue
      }
      const interrupts = new AbortController()
      const isAsking = /^(?:wipe-write|restore-write|delete|set|kick)$/.test(words[1] ?? '')
      const isEndless = ['watch', 'top', 'events', 'observe'].includes(words[0])
      if (words[0] === 'observe') words.push('--listen', '127.0.0.1:0')
      if (isEndless) setImmediate(() => interrupts.abort())
      const { code, stderr } = await runCli(words, {
        env: { NAMESRV_ADDR: address, MQNAMESRV_LOG_PATH: join(folder, 'observe.log') },
        interrupts: interrupts.signal,
        onPause: () => {},
        isTTY: isAsking || (words[0] === 'top' && !words.includes('--once')),
        input: isAsking ? 'y\n' : '',
      })
      const expected = ANSWERED_NO.test(line) ? 1 : 0
      expect(code, `${line}: ${stderr}`).toBe(expected)
    }
  })
})

test('the HTTP paths of the pages are served', async () => {
  const { servers } = await documentedCluster()
  const paths = blocks.flatMap(({ content }) =>
    [...content.matchAll(/\bhttps?:\/\/[\w.]+:8876(\/[^'\s;]*)/g)].map(([, path]) => path),
  )
  expect(paths).not.toEqual([])
  for (const path of paths) {
    const response = await fetch(`http://127.0.0.1:${servers[0].httpPort}${path}`)
    expect([path, response.status]).toEqual([path, 200])
  }
})

test('the properties of the pages are keys that exist, with valid values', () => {
  const ours = blocks.filter(
    ({ language, content }) => language === 'properties' && !content.startsWith('# broker.conf'),
  )
  expect(ours.length).toBeGreaterThan(2)
  for (const { page, content } of ours) {
    const file = { path: page, bytes: Buffer.from(content) }
    const { notices } = Configuration.resolve({ file, homeDirectory: '/home/user', processors: 2 })
    expect(notices.filter(({ level }) => level === 'warn')).toEqual([])
  }
})
