import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chownSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Buildah } from './buildah.ts'
import { type ContainerOptions, DaemonContainer, type Ended } from './daemon-container.ts'

/** What a check works with. `workFolder` is its own and belongs to the container's user. */
export interface CheckContext {
  buildah: Buildah
  image: string
  base: string
  workFolder: string
}

/** Returns what it saw, for the report; throws if that is not right. */
export type Check = (context: CheckContext) => string | Promise<string>

const PORT = 9876
const HTTP_PORT = 8876
const OTHER_PORT = 19_876
const CONFIG_FILE = '/opt/mqnamesrv/conf/namesrv.properties'
const STATE_FOLDER = '/home/rocketmq/namesrv'
/** Of a server that holds nothing: 60.5, with room for what differs between base images, and below 65 million bytes. */
const MAX_IDLE_MIB = 61.5
const STOP_LIMIT_MS = 5_000
const HEALTHCHECK_LIMIT_MS = 3_000

const PUT_KV_CONFIG = 100
const GET_KV_CONFIG = 101
const GET_ROUTEINFO_BY_TOPIC = 105
const GET_ALL_TOPIC_LIST_FROM_NAMESERVER = 206
const SYSTEM_ERROR = 1
const TOPIC_NOT_EXIST = 17

/** Starts a container, waits until it is healthy, hands it to `use`, and removes it whatever happens. */
async function withDaemon(
  { buildah, image }: CheckContext,
  options: ContainerOptions,
  use: (daemon: DaemonContainer, healthcheck: readonly string[]) => string | Promise<string>,
): Promise<string> {
  const { Test } = buildah.config(image).Healthcheck
  const daemon = await DaemonContainer.start(buildah, image, options)
  try {
    await daemon.waitHealthy(Test)
    return await use(daemon, Test)
  } finally {
    await daemon.remove()
  }
}

function assertCleanEnd({ exitCode, durationMs, log }: Ended): void {
  assert.equal(exitCode, 0, `exit code ${exitCode} after SIGTERM:\n${log}`)
  assert.ok(durationMs < STOP_LIMIT_MS, `took ${durationMs} ms to stop`)
}

/** Stores an entry, and stops the daemon. @returns The files in its state folder. */
async function stateLeftBy(daemon: DaemonContainer, { workFolder }: CheckContext): Promise<string> {
  assert.equal(daemon.ask(PORT, PUT_KV_CONFIG, 'namespace=image', 'key=k', 'value=kept').code, 0)
  assertCleanEnd(await daemon.stop())
  const files = readdirSync(workFolder).sort()
  assert.ok(files.includes('kvConfig.json'), `the state folder has ${files.join(', ') || 'nothing'}`)
  return files.join(', ')
}

/** Every promise the image makes, by name, in the order they are worth reading. */
export const checks: Record<string, Check> = {
  'the configuration names a user by number, both ports, and exec-form commands': ({ buildah, image }) => {
    const { User, ExposedPorts, Entrypoint, Healthcheck } = buildah.config(image)
    assert.match(User, /^[1-9]\d*:[1-9]\d*$/)
    assert.deepEqual(Object.keys(ExposedPorts).sort(), [`${HTTP_PORT}/tcp`, `${PORT}/tcp`])
    assert.deepEqual(Entrypoint, ['/opt/mqnamesrv/entrypoint.sh'])
    assert.equal(Healthcheck.Test[0], 'CMD')
    return `user ${User}, ${Object.keys(ExposedPorts)}, ${Entrypoint.join(' ')}`
  },

  'the image is little more than its base': ({ buildah, image, base }) => {
    const [all, below] = [buildah.sizeBytes(image), buildah.sizeBytes(base)]
    const ours = all - below
    const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
    assert.ok(ours < 20e6, `${megabytes(ours)} on top of the base`)
    return `${megabytes(all)}, of which ${megabytes(ours)} ours`
  },

  'nothing of the build or of its npm settings is left behind': ({ buildah, image }) => {
    const container = buildah.create(image)
    try {
      const root = buildah.mount(container)
      const absent = ['build', 'root/.npmrc', 'root/.npm', 'run/secrets/npm-ca', 'run/secrets/npmrc'].concat(
        ['src', 'test', 'package-lock.json', 'tsconfig.json', 'node_modules/.package-lock.json'].map((path) =>
          join('opt/mqnamesrv', path),
        ),
        ['typescript', 'vitest', '@biomejs'].map((name) => join('opt/mqnamesrv/node_modules', name)),
      )
      const present = absent.filter((path) => existsSync(join(root, path)))
      assert.deepEqual(present, [])
    } finally {
      buildah.remove(container)
    }
    return 'no sources, no compiler, no npmrc, no certificates'
  },

  'the daemon is process 1, is not root, and listens on its two ports alone': (context) =>
    withDaemon(context, {}, (daemon) => {
      const { uid, gid, executable } = daemon.processOne()
      assert.match(executable, /\/node$/)
      assert.notEqual(uid, 0)
      assert.notEqual(gid, 0)
      assert.deepEqual(daemon.listeningPorts().sort(), [HTTP_PORT, PORT])
      return `${executable}, uid ${uid}, gid ${gid}, ports ${PORT} and ${HTTP_PORT}`
    }),

  'it starts by the command lines of RocketMQ’s own image, as its user': async (context) => {
    const { Entrypoint } = context.buildah.config(context.image)
    const commands = [
      [...Entrypoint, 'sh', 'mqnamesrv', '-n', '10.0.0.1:9876', '-c', CONFIG_FILE],
      [...Entrypoint, '/bin/bash', '/home/rocketmq/rocketmq-5.3.3/bin/mqnamesrv'],
      [...Entrypoint, 'nameserver'],
      // Of its Helm chart, which replaces the entry point.
      ['/bin/sh', '-c', `./mqnamesrv -c ${CONFIG_FILE}`],
    ]
    for (const command of commands) {
      await withDaemon(context, { command }, async (daemon) => {
        assert.equal(daemon.exec(['mqnamesrv', 'ping']).status, 0)
        const { uid, executable } = daemon.processOne()
        assert.equal(uid, 3000)
        assert.match(executable, /\/node$/)
        assertCleanEnd(await daemon.stop())
        return ''
      })
    }
    return 'sh mqnamesrv, bash …/mqnamesrv, nameserver, /bin/sh -c ./mqnamesrv'
  },

  'it answers a route lookup': (context) =>
    withDaemon(context, {}, (daemon) => {
      const { code, remark } = daemon.ask(PORT, GET_ROUTEINFO_BY_TOPIC, 'topic=never-registered')
      assert.equal(code, TOPIC_NOT_EXIST)
      return `code ${code}, ${remark?.split('\n')[0]}`
    }),

  'it answers probes from outside of the container': (context) =>
    withDaemon(context, {}, (daemon) => {
      // A server that listens on loopback alone listens on 127.0.0.1, not on the rest of that network.
      const answers = ['/livez', '/readyz'].map((path) => daemon.get(`http://127.0.0.2:${HTTP_PORT}${path}`))
      assert.deepEqual(answers, ['200 ok', '200 ok'])
      return answers.join(', ')
    }),

  'the health check passes while the daemon answers, and fails in time while it hangs': (context) =>
    withDaemon(context, {}, (daemon, healthcheck) => {
      const up = daemon.healthcheck(healthcheck)
      daemon.signal('SIGSTOP')
      const hung = daemon.healthcheck(healthcheck)
      daemon.signal('SIGCONT')
      assert.equal(up.status, 0, up.stderr)
      assert.equal(hung.status, 1)
      assert.ok(hung.durationMs < HEALTHCHECK_LIMIT_MS, `took ${hung.durationMs} ms`)
      return `0 in ${up.durationMs} ms; 1 in ${hung.durationMs} ms, "${hung.stderr.trim()}"`
    }),

  'the health check fails where no daemon runs': async ({ buildah, image }) => {
    const container = buildah.create(image)
    try {
      const child = buildah.start(container, [], buildah.config(image).Healthcheck.Test.slice(1))
      let log = ''
      child.stderr?.on('data', (chunk) => {
        log += chunk
      })
      const [exitCode] = await once(child, 'close')
      assert.equal(exitCode, 1, log)
      return `1, "${log.split('\n')[0]}"`
    } finally {
      buildah.remove(container)
    }
  },

  'SIGTERM ends it with code 0, also while a client stays connected': (context) =>
    withDaemon(context, {}, async (daemon) => {
      await daemon.holdConnection(PORT)
      const ended = await daemon.stop()
      assertCleanEnd(ended)
      return `code ${ended.exitCode} after ${ended.durationMs} ms`
    }),

  'a mounted configuration file is obeyed, also by the health check': (context) => {
    const file = join(context.workFolder, 'namesrv.properties')
    const lines = [`listenPort=${OTHER_PORT}`, 'enableAllTopicList=false']
    writeFileSync(file, lines.join('\n'), { mode: 0o644 })
    return withDaemon(context, { volumes: [`${file}:${CONFIG_FILE}:ro`] }, (daemon) => {
      assert.deepEqual(daemon.listeningPorts().sort(), [OTHER_PORT, HTTP_PORT])
      const { code, remark } = daemon.ask(OTHER_PORT, GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
      assert.deepEqual([code, remark], [SYSTEM_ERROR, 'disable'])
      return `listens on ${OTHER_PORT}, topic list: code ${code}, ${remark}`
    })
  },

  'it keeps its state with a read-only root file system and one volume': (context) =>
    withDaemon(
      context,
      { volumes: [`${context.workFolder}:${STATE_FOLDER}`], isReadOnly: true },
      async (daemon) => {
        const written = daemon.exec(['touch', CONFIG_FILE])
        assert.notEqual(written.status, 0, 'the root file system can be written')
        assert.match(written.stderr, /Read-only file system/)
        return stateLeftBy(daemon, context)
      },
    ),

  'it does so as a user that it does not know, as OpenShift starts it': (context) => {
    const [uid, gid] = [1_000_680_000, 0]
    chownSync(context.workFolder, uid, gid)
    const volumes = [`${context.workFolder}:${STATE_FOLDER}`]
    return withDaemon(context, { volumes, isReadOnly: true, user: `${uid}:${gid}` }, (daemon) =>
      stateLeftBy(daemon, context),
    )
  },

  'an idle daemon takes little memory': (context) =>
    withDaemon(context, {}, (daemon) => {
      const mib = daemon.residentMib()
      assert.ok(mib <= MAX_IDLE_MIB, `${mib.toFixed(1)} MiB resident`)
      return `${mib.toFixed(1)} MiB resident`
    }),

  'what is stored in the mounted state folder outlives the container': async (context) => {
    const volumes = [`${context.workFolder}:${STATE_FOLDER}`]
    await withDaemon(context, { volumes }, async (daemon) => {
      assert.equal(daemon.ask(PORT, PUT_KV_CONFIG, 'namespace=image', 'key=k', 'value=kept').code, 0)
      assertCleanEnd(await daemon.stop())
      return ''
    })
    return withDaemon(context, { volumes }, (daemon) => {
      assert.equal(daemon.ask(PORT, GET_KV_CONFIG, 'namespace=image', 'key=k').extFields?.['value'], 'kept')
      const { uid } = statSync(join(context.workFolder, 'kvConfig.json'))
      return `kvConfig.json of uid ${uid}`
    })
  },
}
