/** The walk of README.md: a broker, a topic, a producer and a consumer, of the packages that are published. */
import assert from 'node:assert/strict'
import { requireCommands } from '../image/commands.ts'
import type { Started } from './machine.ts'
import type { Commands, Newcomer } from './paths.ts'
import { PrivateNetwork } from './private-network.ts'

/**
 * @param folder - An empty one but for `file`.
 * @param file - The packed package, which takes the place of the one in the registry.
 */
export async function takeWalk(
  { machine: outer, step }: Newcomer,
  commands: Commands,
  { folder, file }: { readonly folder: string; readonly file: string },
): Promise<void> {
  requireCommands(['java', 'mvn'])
  const network = await PrivateNetwork.start(outer.emptyFolder())
  let server: Started | undefined
  try {
    const machine = outer.within(network)
    const run = (text: string): Promise<string> => machine.run(text, folder)
    await step('npm install', () => run(`npm install '${file}'`))
    server = await step(commands('start'), () => machine.startServer(commands('start'), folder))
    await step('mvn dependency:copy-dependencies', () => run(commands('install')))
    const started = server
    const broker = await step(commands('broker'), () =>
      machine.start(commands('broker'), folder, /boot success/),
    )
    await step('broker registered', () => started.until(/broker registered/))
    // What the topic block exports and defines is for the shell of those that follow.
    const shell = commands('topic')
    await step(shell, async () => {
      const output = await run(shell)
      assert.match(output, /DefaultCluster +\S+ +0 +\S+:10911/)
      assert.match(output, /"brokerDatas"/)
    })
    const exports = shell.split('\n').filter((line) => /^(?:export |\w+\(\))/.test(line))
    const within = (text: string): string => [...exports, text].join('\n')
    await step(commands('send'), async () =>
      assert.match(await run(within(commands('send'))), /sendStatus=SEND_OK/),
    )
    const consumer = await step(commands('receive'), () =>
      machine.start(within(commands('receive')), folder, /Receive New Messages/),
    )
    await step('Ctrl-C ends the consumer', () => machine.stop(consumer))
    await step('Ctrl-C ends the broker', () => machine.stop(broker))
    await step('topicRoute finds no route', async () => {
      const found = await run(within('mqadmin topicRoute -t TopicTest 2>&1 || true'))
      assert.match(found, /No topic route info/)
    })
    const asked = commands('ask').split('\n')
    assert.equal(asked.length, ASKED.length)
    for (const [index, said] of ASKED.entries()) {
      const line = asked[index] ?? ''
      await step(line, async () => {
        const endMs = performance.now() + FINDING_LIMIT_MS
        let output = ''
        while (!said.test(output)) {
          assert(performance.now() < endMs, `not ${said}: ${output}`)
          output = await run(`{ ${line}\n} || [ $? = 1 ]`)
        }
      })
    }
    await step('Ctrl-C ends the server', () => machine.stopServer(started))
  } catch (error) {
    // What it logged often says why a client failed.
    if (server !== undefined) console.log(server.output())
    throw error
  } finally {
    await network.end()
  }
}

/** That no broker is registered is a finding after ten seconds. */
const FINDING_LIMIT_MS = 60_000

/** What each of the last commands says: why there is no route, what is wrong, and a metric. */
const ASKED = [/left with/, /no_brokers/, /^rocketmq_nameserver_ready\{.*\} 1$/m]
