import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requestFrame } from '../../scripts/support/frames.ts'
import { ChildProgram } from './harness/child-program.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'
import { topicsOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'
import { newHome, projectRoot } from './harness/work-folder.ts'

const TOPICS = ['TopicTest', '%RETRY%group one', 'a$b', "it's", 'x@y:z', '订单', 'bad\x1b[2J']

let nameServer: NameServer
let broker: Socket

beforeAll(async () => {
  nameServer = await startNameServer(subject)
  broker = connect(nameServer.port, '127.0.0.1')
  const topicConfigTable = Object.fromEntries(
    TOPICS.map((topicName) => [topicName, { topicName, readQueueNums: 4, writeQueueNums: 4, perm: 6 }]),
  )
  const dataVersion = { counter: 1, stateVersion: 0, timestamp: 1_700_000_000_000 }
  const fields = {
    brokerName: 'broker-a',
    brokerAddr: '127.0.0.1:10911',
    clusterName: 'DefaultCluster',
    brokerId: '0',
    haServerAddr: '127.0.0.1:10912',
  }
  const body = JSON.stringify({ topicConfigSerializeWrapper: { dataVersion, topicConfigTable } })
  broker.write(requestFrame({ code: 103, fields, body }, 1))
  await until('the topics are registered', async () =>
    (await topicsOf(nameServer.address)).includes('TopicTest'),
  )
})
afterAll(() => broker.destroy())

const OWN = `${process.execPath} ${join(projectRoot, 'bin/mqnamesrv')}`

interface Shell {
  readonly command: string
  /** What a person has in the file that the shell reads at its start. */
  readonly setUp: string
}

const SHELLS: Readonly<Record<string, Shell>> = {
  bash: { command: 'bash --norc --noprofile -i', setUp: `source <(${OWN} completion bash)` },
  zsh: {
    command: 'zsh -f -i',
    setUp: `autoload -U compinit; compinit -u -D; source <(${OWN} completion zsh)`,
  },
  fish: { command: 'fish --no-config -i', setUp: `${OWN} completion fish | source` },
}

/** What is typed before the tab, and what the command gets. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['clus', ['cluster']],
  ['cluster li', ['cluster', 'list']],
  ['help topic ro', ['help', 'topic', 'route']],
  ['completion ba', ['completion', 'bash']],
  ['topic list --no-h', ['topic', 'list', '--no-headers']],
  ['topic list -o ya', ['topic', 'list', '-o', 'yaml']],
  ['topic list --output=ya', ['topic', 'list', '--output=yaml']],
  ['topic list --tls-ca /etc/hostn', ['topic', 'list', '--tls-ca', '/etc/hostname']],
  ['topic list --cluster D', ['topic', 'list', '--cluster', 'DefaultCluster']],
  ['broker show br', ['broker', 'show', 'broker-a']],
  ['topic route TopicT', ['topic', 'route', 'TopicTest']],
  ['topic route --timeout 1s %', ['topic', 'route', '--timeout', '1s', '%RETRY%group one']],
  ['topic route "%RETRY%group o', ['topic', 'route', '%RETRY%group one']],
  ["topic route 'a$", ['topic', 'route', 'a$b']],
  ['topic route it', ['topic', 'route', "it's"]],
  ['topic route x@', ['topic', 'route', 'x@y:z']],
  ['topic route x@y:', ['topic', 'route', 'x@y:z']],
  ['topic route 订', ['topic', 'route', '订单']],
  // Nothing to complete: no such name, one with a control character, an unreachable NameServer.
  ['topic route Nothing', ['topic', 'route', 'Nothing']],
  ['topic route bad', ['topic', 'route', 'bad']],
  ['topic route -n 127.0.0.1:1 TopicT', ['topic', 'route', '-n', '127.0.0.1:1', 'TopicT']],
]

/** A folder with a `mqnamesrv` that shows its arguments in place of running them, unless a shell asks for completions. */
function shownCommand(): string {
  const { home } = newHome('completion')
  const bin = join(home, 'bin')
  mkdirSync(bin)
  const script = [
    '#!/bin/sh',
    `[ "$1" = __complete ] && exec ${OWN} "$@"`,
    "printf '\\nARGS '; printf '<%s>' \"$@\"; echo",
  ]
  writeFileSync(join(bin, 'mqnamesrv'), `${script.join('\n')}\n`)
  chmodSync(join(bin, 'mqnamesrv'), 0o755)
  return bin
}

test.each(Object.keys(SHELLS))(
  '%s completes words, options, and live names of any characters',
  async (name) => {
    const { command = '', setUp = '' } = SHELLS[name] ?? {}
    execFileSync(name, ['--version'])
    const shell = new ChildProgram({
      name,
      command: 'script',
      args: () => ['-q', '-e', '-c', command, '/dev/null'],
      env: {
        PATH: `${shownCommand()}:${process.env['PATH']}`,
        NAMESRV_ADDR: nameServer.address,
        TERM: 'xterm',
        LC_ALL: 'C.UTF-8',
      },
    })
    const results = (): string[] => shell.reported('ARGS')
    const typed = async (keys: string): Promise<string | undefined> => {
      const before = results().length
      shell.write(`${keys}\r`)
      return shell.until(`it has run ${JSON.stringify(keys)}`, () => results()[before], 20_000)
    }
    shell.write(`${setUp}\r`)
    await typed('mqnamesrv ready')
    for (const [keys, args] of CASES) {
      const expected = args.map((arg) => `<${arg}>`).join('')
      // A busy machine may take longer than the time after which nothing is completed.
      let result: string | undefined
      for (let tries = 0; tries < 3 && result !== expected; tries++)
        result = await typed(`mqnamesrv ${keys}\t`)
      expect(result, keys).toBe(expected)
    }
  },
)
