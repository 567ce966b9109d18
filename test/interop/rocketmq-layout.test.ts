import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, test } from 'vitest'
import { blockOf } from '../../scripts/support/markdown-pages.ts'
import { registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { brokerConf, OPENED_MODULES } from './harness/broker.ts'
import { freeBrokerPort, freePort } from './harness/broker-ports.ts'
import { ChildProgram } from './harness/child-program.ts'
import { deliver } from './harness/delivery.ts'
import { propertiesText } from './harness/java.ts'
import { prepareHome } from './harness/java-home.ts'
import { brokersOf } from './harness/name-server-client.ts'
import { libFolder } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'
import { newHome, projectRoot } from './harness/work-folder.ts'

const RELEASE = '5.5.0'

/** Scripts with the names, arguments and variables of those of a binary release; Maven has its jars, but not its scripts. */
const SCRIPTS = {
  mqnamesrv: `
export ROCKETMQ_HOME=\${ROCKETMQ_HOME:-$(cd "$(dirname "$0")/.." && pwd)}
exec sh "$ROCKETMQ_HOME/bin/runserver.sh" org.apache.rocketmq.namesrv.NamesrvStartup "$@"
`,
  mqbroker: `
export ROCKETMQ_HOME=\${ROCKETMQ_HOME:-$(cd "$(dirname "$0")/.." && pwd)}
exec sh "$ROCKETMQ_HOME/bin/runbroker.sh" org.apache.rocketmq.broker.BrokerStartup "$@"
`,
  'runserver.sh': `
exec java -Xmx256m $JAVA_OPT_EXT -cp "$ROCKETMQ_HOME/conf:$ROCKETMQ_HOME/lib/*" "$@"
`,
  'runbroker.sh': `
exec java -Xmx512m $JAVA_OPT_EXT -cp "$ROCKETMQ_HOME/conf:$ROCKETMQ_HOME/lib/*" "$@"
`,
  // It searches the list of processes for the main class and the word java.
  mqshutdown: `
[ "$1" = namesrv ] && main=org.apache.rocketmq.namesrv.NamesrvStartup || main=org.apache.rocketmq.broker.BrokerStartup
pid=$(ps ax | grep -i "$main" | grep java | grep -v grep | awk '{print $1}')
[ -n "$pid" ] || { echo "No mq$1 running."; exit 255; }
kill $pid && echo "Send shutdown request to mq$1($pid) OK"
`,
} as const

let home = ''
let release = ''
let port = 0
let nameServer: ChildProgram

/** Runs in a namespace of processes of its own, because `mqshutdown` ends every NameServer that it sees. */
function startHere(name: string, command: string, env: Readonly<Record<string, string>> = {}): ChildProgram {
  const script = `cd '${release}' && exec ${command}`
  return new ChildProgram({
    name,
    command: 'unshare',
    args: () => ['--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script],
    env,
  })
}

/** Runs a command in the namespace of a program, and returns what it printed. */
function runBeside(program: ChildProgram, command: string): string {
  const inner = readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').trim()
  const script = `cd '${release}' && ${command}`
  return execFileSync('nsenter', ['--target', inner, '--pid', '--mount', 'sh', '-c', script], {
    encoding: 'utf8',
  })
}

beforeAll(async () => {
  home = newHome('rocketmq-layout').home
  release = join(home, `rocketmq-${RELEASE}`)
  mkdirSync(join(release, 'bin'), { recursive: true })
  prepareHome(release)
  symlinkSync(libFolder(RELEASE), join(release, 'lib'))
  for (const [name, text] of Object.entries(SCRIPTS)) writeFileSync(join(release, 'bin', name), text)
  port = await freePort()
  writeFileSync(
    join(release, 'conf/namesrv.properties'),
    propertiesText({
      bindAddress: '127.0.0.1',
      listenPort: port,
      httpListenPort: 0,
      kvConfigPath: join(home, 'namesrv/kvConfig.json'),
      'user.home': home,
    }),
  )
})

test("The steps of docs/migrate.md replace Java's NameServer in its folder, with its key-value table, and go back", async () => {
  const other = await startServer()
  await (await other.connect()).request(registration({ topics: ['Orders', 'TopicTest'] }))
  const step = (part: string): string =>
    blockOf('docs/migrate.md', 'sh', part)
      .replaceAll('10.0.0.2:9876', `127.0.0.1:${other.port}`)
      .replaceAll('routes-9876', `routes-${port}`)
  const script = `
set -e
export HOME='${home}' PATH='${join(projectRoot, 'bin')}':"$PATH" NAMESRV_ADDR=127.0.0.1:${port}
export JAVA_OPT_EXT='-XX:TieredStopAtLevel=1 -Duser.home=${home}'
answers() { until mqnamesrv ping >/dev/null 2>&1; do sleep 0.1; done; }
tell() { echo "$1: java $(pgrep -fc '[N]amesrvStartup'), $(mqnamesrv kv get ORDER_TOPIC_CONFIG TopicTest -o name), $2"; }
nohup sh bin/mqnamesrv -c conf/namesrv.properties &
answers
mqnamesrv kv set ORDER_TOPIC_CONFIG TopicTest broker-a:4 --yes
tell before none
${step('cp -p')}
cmp "$HOME/namesrv/kvConfig.json" "$HOME/namesrv/kvConfig.json.java"
${step('snapshot ~/')}
${step('bin/mqshutdown')}
answers
tell replaced "$(mqnamesrv topic list -o name | xargs)"
${step('kill -0')}
answers
tell back none
sh bin/mqshutdown namesrv
`
  const file = join(home, 'migrate.sh')
  writeFileSync(file, script)
  const program = startHere('layout-migration', `sh '${file}'`)
  await until('it has ended', () => program.end !== undefined, { timeoutMs: 240_000 })
  const entry = 'ORDER_TOPIC_CONFIG/TopicTest'
  expect(program.lines.filter((line) => /^(?:before|replaced|back): /.test(line))).toEqual([
    `before: java 1, ${entry}, none`,
    `replaced: java 0, ${entry}, Orders TopicTest`,
    `back: java 1, ${entry}, none`,
  ])
  expect(program.end).toBe('exit code 0')
}, 300_000)

describe('In the folder of a RocketMQ release, with bin/mqnamesrv replaced,', () => {
  beforeAll(async () => {
    const link = blockOf('docs/migrate.md', 'sh', 'ln -s').replace(
      '/opt/mqnamesrv',
      projectRoot.replace(/\/$/, ''),
    )
    execFileSync('sh', ['-ec', link], { cwd: release })
    nameServer = startHere(
      'layout-namesrv',
      'nohup sh bin/mqnamesrv -n 10.0.0.1:9876 -c conf/namesrv.properties',
      {
        ROCKETMQ_HOME: release,
        JAVA_OPT_EXT: '-server -Xmx4g -Dcom.rocketmq.remoting.frameMaxLength=33554432',
      },
    )
    await nameServer.until('it listens', () => nameServer.lines.some((line) => line.includes('boot success')))
  })

  it('the NameServer starts as the documents say, and names the JVM options that it ignores, once', () => {
    const logged = nameServer.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
    expect(logged.filter(({ msg }) => msg.includes('JVM options'))).toMatchObject([
      { level: 'info', msg: 'JVM options ignored', variables: ['JAVA_OPT_EXT'] },
      { level: 'warn', keys: ['com.rocketmq.remoting.frameMaxLength'] },
    ])
    expect(logged.find(({ msg }) => msg === 'mqnamesrv starting')).toMatchObject({
      configFile: 'conf/namesrv.properties',
    })
  })

  it('a broker of its own script registers, and a producer and a consumer find it', async () => {
    const address = `127.0.0.1:${port}`
    const brokerPort = await freeBrokerPort()
    const paths = { home: release, port: brokerPort, store: join(release, 'store') }
    const name = 'layout-broker'
    writeFileSync(
      join(release, 'conf/broker.conf'),
      brokerConf({ release: RELEASE, name, nameServers: [] }, paths),
    )
    const broker = startHere(name, `sh bin/mqbroker -n ${address} -c conf/broker.conf`, {
      JAVA_OPT_EXT: ['-XX:TieredStopAtLevel=1', `-Duser.home=${release}`, ...OPENED_MODULES].join(' '),
    })
    await broker.until('it is registered', async () => {
      return (await brokersOf(address))[name]?.['0'] === `127.0.0.1:${brokerPort}`
    })
    const { sent, failed, received } = await deliver(
      { release: RELEASE, nameServers: [address], topic: 'LayoutTopic' },
      20,
    )
    expect(failed).toEqual([])
    expect(received).toEqual(sent)

    expect(runBeside(broker, 'sh bin/mqshutdown broker')).toMatch(
      /^Send shutdown request to mqbroker\(\d+\) OK/,
    )
    await until('it has left', async () => !(name in (await brokersOf(address))))
  })

  it('mqshutdown ends the NameServer, which leaves cleanly', async () => {
    expect(runBeside(nameServer, 'sh bin/mqshutdown namesrv')).toMatch(
      /^Send shutdown request to mqnamesrv\(\d+\) OK/,
    )
    await nameServer.until('it has ended', () =>
      nameServer.lines.some((line) => line.includes('shutdown complete')),
    )
    await until('its process has ended', () => nameServer.end !== undefined)
    expect(nameServer.end).toBe('exit code 0')
    expect(existsSync(join(release, 'nohup.out'))).toBe(false)
  })
})
