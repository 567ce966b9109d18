import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
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
  mqbroker: `
export ROCKETMQ_HOME=\${ROCKETMQ_HOME:-$(cd "$(dirname "$0")/.." && pwd)}
exec sh "$ROCKETMQ_HOME/bin/runbroker.sh" org.apache.rocketmq.broker.BrokerStartup "$@"
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
  const { home } = newHome('rocketmq-layout')
  release = join(home, `rocketmq-${RELEASE}`)
  mkdirSync(join(release, 'bin'), { recursive: true })
  prepareHome(release)
  symlinkSync(libFolder(RELEASE), join(release, 'lib'))
  for (const [name, text] of Object.entries(SCRIPTS)) writeFileSync(join(release, 'bin', name), text)
  symlinkSync(join(projectRoot, 'bin/mqnamesrv'), join(release, 'bin/mqnamesrv'))
  port = await freePort()
  writeFileSync(
    join(release, 'conf/namesrv.properties'),
    propertiesText({
      bindAddress: '127.0.0.1',
      listenPort: port,
      httpListenPort: 0,
      kvConfigPath: join(home, 'kvConfig.json'),
      'user.home': home,
    }),
  )
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

describe('In the folder of a RocketMQ release, with bin/mqnamesrv replaced,', () => {
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
