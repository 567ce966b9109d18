import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { SHUTDOWN_DEADLINE_MS } from '../../src/cli/daemon/serve.ts'
import { parseCommand } from '../../src/cli/parse.ts'
import { documentsOf, image, startedWith } from './deployed-server.ts'

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}
interface Container {
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string }[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
  readonly securityContext: object
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
}
interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly data: Readonly<Record<string, string>>
  readonly spec: {
    readonly replicas: number
    readonly publishNotReadyAddresses: boolean
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number }
        readonly containers: readonly [Container]
      }
    }
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[]
  }
}

const manifests = documentsOf<Manifest>('deploy/kubernetes/mqnamesrv.yaml')
const manifest = (kind: string): Manifest => {
  const found = manifests.find((each) => each.kind === kind)
  if (found === undefined) throw new Error(`no ${kind} in the manifests`)
  return found
}
const statefulSet = manifest('StatefulSet')
const service = manifest('Service')
const pod = statefulSet.spec.template.spec
const [container] = pod.containers
const pods = Array.from({ length: statefulSet.spec.replicas }, (_, n) => `${statefulSet.metadata.name}-${n}`)
const { name, namespace } = service.metadata
const addresses = pods.map((each) => `${each}.${name}.${namespace}.svc:9876`)

/** As the kubelet and the ConfigMap volume give them to a pod. */
function configurationOf(podName: string) {
  const args = container.args.map((arg) => arg.replaceAll('$(POD_NAME)', podName))
  const folder = container.volumeMounts.find((mount) => mount.name === 'conf')?.mountPath
  const files = Object.entries(manifest('ConfigMap').data).map(([file, text]) => [`${folder}/${file}`, text])
  return startedWith(args, Object.fromEntries(files))
}

describe('the Kubernetes manifests', () => {
  let folder = ''
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test.each(pods)('start %s with a valid configuration, and all others as its peers', (podName) => {
    const { values } = configurationOf(podName)
    const others = addresses.filter((address) => !address.startsWith(`${podName}.`))
    expect(values.peers.split(';')).toEqual(others)
  })

  test('give each pod the variable that its arguments use', () => {
    expect(container.env.map((variable) => variable.name)).toContain('POD_NAME')
  })

  test('open the ports that the server listens on', () => {
    const { values } = configurationOf(pods[0] ?? '')
    const listening = { remoting: values.listenPort, http: values.httpListenPort }
    expect(Object.fromEntries(container.ports.map((port) => [port.name, port.containerPort]))).toEqual(
      listening,
    )
    expect(Object.fromEntries(service.spec.ports.map((port) => [port.targetPort, port.port]))).toEqual(
      listening,
    )
    expect(image.ports).toEqual(Object.values(listening))
  })

  test('have probes and monitors reach the HTTP port', () => {
    expect(configurationOf(pods[0] ?? '').values.httpBindAddress).toBe('0.0.0.0')
  })

  test('keep a name for a server that is not ready, by which brokers find it', () => {
    expect(service.spec.publishNotReadyAddresses).toBe(true)
  })

  test('probe paths that the HTTP port has', () => {
    const routes = readFileSync('src/http/health-routes.ts', 'utf8')
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe]
    const paths = probes.map(({ httpGet }) => httpGet.path)
    expect(paths).toEqual(['/livez', '/livez', '/readyz'])
    for (const path of paths) expect(routes).toContain(`path: '${path}'`)
  })

  test('run the user of the image, without anything to write but the state folder', () => {
    expect([pod.securityContext.runAsUser, pod.securityContext.runAsGroup]).toEqual(image.user)
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    const state = container.volumeMounts.find((mount) => mount.name === 'state')?.mountPath
    expect(state).toBe(image.stateFolder)
    for (const path of ['kvConfigPath', 'routeSnapshotPath'] as const)
      expect(configurationOf(pods[0] ?? '').values[path]).toMatch(new RegExp(`^${state}/`))
  })

  /** Runs the preStop command with another program in the place of ours, and another limit. */
  function preStop(program: string, seconds: string) {
    folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-prestop-'))
    const stub = join(folder, 'stub')
    writeFileSync(stub, `#!/bin/sh\necho "$@" >>${folder}/calls\n${program}\n`)
    chmodSync(stub, 0o755)
    const [shell = '', ...args] = container.lifecycle.preStop.exec.command.map((word) =>
      word.replaceAll('/opt/mqnamesrv/bin/mqnamesrv', stub).replace(/timeout \d+/, `timeout ${seconds}`),
    )
    const { status } = spawnSync(shell, args, { timeout: 20_000 })
    return { status, calls: readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') }
  }

  test('ask before they stop a server whether it may be stopped', () => {
    const { status, calls } = preStop('exit 0', '30')
    expect(status).toBe(0)
    expect(calls).toHaveLength(1)
    expect(parseCommand(calls[0]?.split(' ') ?? [])).toMatchObject({
      action: 'run',
      definition: { words: 'check' },
      values: { stop: 'self', namesrv: '127.0.0.1:9876' },
    })
  })

  test('stop it in time and with code 0 even if it must not be stopped', () => {
    expect(preStop('exit 1', '0.3').status).toBe(0)
  })

  test('leave it time to end after that', () => {
    const limit = /timeout (\d+)/.exec(container.lifecycle.preStop.exec.command.at(-1) ?? '')?.[1]
    const leftSeconds = pod.terminationGracePeriodSeconds - Number(limit)
    expect(leftSeconds * 1_000).toBeGreaterThan(SHUTDOWN_DEADLINE_MS)
  })
})
