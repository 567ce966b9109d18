/** The steps of docs/container.md, with a Docker daemon of their own. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { makeBrokerImage } from './broker-image.ts'
import { DockerMachine } from './docker.ts'
import type { Commands, Newcomer } from './paths.ts'

/** From the start of a container to its first successful health check; a broker registers up to 30 s after its start. */
const START_LIMIT_MS = 120_000

const COMPOSE_FOLDER = 'deploy/compose'

async function withDocker(
  { machine, step }: Newcomer,
  use: (docker: DockerMachine) => Promise<void>,
): Promise<void> {
  const docker = await step('a Docker daemon', () => DockerMachine.start(machine))
  try {
    await use(docker)
  } finally {
    await docker.end()
  }
}

/** Builds the image, runs it as it is, and again with a configuration file and nothing else that can be written. */
export async function takeImage(newcomer: Newcomer, commands: Commands): Promise<void> {
  const { clone, step } = newcomer
  await withDocker(newcomer, async (docker) => {
    const { machine } = docker
    const healthy = async (): Promise<void> => {
      const inspect = "docker inspect --format '{{.State.Health.Status}}' namesrv"
      await docker.until(inspect, (status) => status.trim() === 'healthy', START_LIMIT_MS)
    }
    const stop = async (): Promise<void> => {
      await machine.run(commands('stop'), clone)
      const code = await machine.run("docker inspect --format '{{.State.ExitCode}}' namesrv", clone)
      assert.equal(code.trim(), '0', 'exit code of the container')
    }
    await step(commands('build'), () => machine.run(commands('build'), clone))
    await step(commands('start'), () => machine.run(commands('start'), clone))
    await step('it is healthy', healthy)
    await step(commands('ask'), () => machine.run(commands('ask'), clone))
    await step(commands('stop'), stop)

    writeFileSync(join(clone, 'namesrv.properties'), 'maxTopics=4321\n')
    await step(commands('configure'), () => machine.run(commands('configure'), clone))
    await step('it is healthy', healthy)
    await step('it has that configuration', async () => {
      assert.match(await machine.run('docker exec namesrv mqnamesrv config get maxTopics', clone), /4321/)
    })
    await step('it keeps its state in the volume, and cannot write elsewhere', async () => {
      await machine.run('docker exec namesrv mqnamesrv kv set newcomer key value -y', clone)
      await machine.run('docker exec namesrv test -f /home/rocketmq/namesrv/kvConfig.json', clone)
      await assert.rejects(
        machine.run('docker exec namesrv touch /opt/mqnamesrv/conf/file', clone),
        /Read-only/,
      )
    })
    await step(commands('stop'), stop)
  })
}

/** Starts everything that compose.yaml has, and sends a message through it. */
export async function takeCompose(newcomer: Newcomer, commands: Commands): Promise<void> {
  const { clone, step } = newcomer
  await withDocker(newcomer, async (docker) => {
    const { machine } = docker
    const folder = join(clone, COMPOSE_FOLDER)
    const run = (text: string): Promise<string> => machine.run(text, folder)
    const { services } = parseDocument(readFileSync(join(folder, 'compose.yaml'), 'utf8')).toJS() as {
      services: { broker: { image: string } }
    }
    const image = services.broker.image
    await step(`a stand-in for ${image}`, () => makeBrokerImage(machine, image, docker.baseImage))
    await step(commands('start'), () => run(commands('start')))
    for (const server of ['namesrv-a', 'namesrv-b'])
      await step(`the broker is registered with ${server}`, async () => {
        const list = `cd '${folder}' && docker compose exec ${server} mqnamesrv broker list -o json`
        await docker.until(list, (output) => output.includes(':10911"'), START_LIMIT_MS)
      })
    await step(commands('ask'), async () => assert.match(await run(commands('ask')), /^TopicTest$|^TBW102$/m))
    await step(commands('send'), async () => assert.match(await run(commands('send')), /SEND_OK/))
    await step(commands('receive'), async () => assert.match(await run(commands('receive')), /BODY: hello/))
    await step(commands('stop'), async () => {
      await run(commands('stop'))
      assert.equal((await run('docker ps --all --quiet')).trim(), '', 'containers that are left')
    })
  })
}
