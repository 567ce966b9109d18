import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { documentsOf, image, startedWith } from './deployed-server.ts'

interface Service {
  readonly image: string
  readonly build?: { readonly context: string }
  readonly pull_policy?: string
  readonly command: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

const FILE = 'deploy/compose/compose.yaml'
const [compose] = documentsOf<{ services: Record<string, Service>; volumes: Record<string, null> }>(FILE)
const { services = {}, volumes = {} } = compose ?? {}
const nameServers = Object.entries(services).filter(([name]) => name.startsWith('namesrv-'))

/** Of the Compose specification: what this file uses of a service. A misspelt key is not in it. */
const SERVICE_KEYS = [
  ...[
    'build',
    'cap_drop',
    'command',
    'depends_on',
    'environment',
    'image',
    'mem_limit',
    'ports',
    'profiles',
    'pull_policy',
  ],
  ...['read_only', 'restart', 'security_opt', 'stop_grace_period', 'ulimits', 'volumes'],
]

describe('compose.yaml', () => {
  test('starts two NameServers, a broker and a client', () => {
    expect(Object.keys(services)).toEqual(['namesrv-a', 'namesrv-b', 'broker', 'client'])
  })

  test.each(Object.entries(services))('uses only keys of the specification for %s', (_, service) => {
    expect(Object.keys(service).filter((key) => !SERVICE_KEYS.includes(key))).toEqual([])
  })

  test.each(nameServers)(
    'starts %s with a valid command line, and the other one as its peer',
    (name, { command }) => {
      const { values } = startedWith(command)
      const others = nameServers.map(([other]) => other).filter((other) => other !== name)
      expect(values.peers).toBe(others.map((other) => `${other}:${values.listenPort}`).join(';'))
    },
  )

  test.each(nameServers)(
    'publishes the ports that %s listens on, the HTTP port only on this machine',
    (_, service) => {
      const { values } = startedWith(service.command)
      expect(image.ports).toEqual([values.listenPort, values.httpListenPort])
      expect(service.ports).toEqual([
        expect.stringMatching(new RegExp(`^\\d+:${values.listenPort}$`)),
        expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:\\d+:${values.httpListenPort}$`)),
      ])
    },
  )

  test.each(nameServers)('keeps the state of %s in a volume of its own', (name, service) => {
    expect(service.volumes).toEqual([`${name}:${image.stateFolder}`])
    expect(Object.keys(volumes)).toContain(name)
    expect(startedWith(service.command).values.kvConfigPath).toMatch(new RegExp(`^${image.stateFolder}/`))
  })

  test('builds the image of the NameServers once, from the Dockerfile of the repository', () => {
    const [built, ...others] = nameServers.map(([, service]) => service)
    const folder = new URL(`${built?.build?.context}/Dockerfile`, new URL(`../../${FILE}`, import.meta.url))
    expect(readFileSync(folder, 'utf8')).toContain('HEALTHCHECK')
    // No registry has it: without this, it would be asked for the image before that is built.
    const local = { image: built?.image, pull_policy: 'never' }
    for (const { image, pull_policy, build } of others)
      expect({ image, pull_policy, build }).toEqual({ ...local, build: undefined })
  })

  test('publishes no port twice', () => {
    const published = nameServers.flatMap(([, { ports = [] }]) => ports.map((port) => port.split(':').at(-2)))
    expect(new Set(published).size).toBe(published.length)
  })

  test.each(['broker', 'client'])(
    'tells the %s of both NameServers, and waits until they are healthy',
    (name) => {
      const { environment, depends_on } = services[name] ?? {}
      const addresses = nameServers.map(([other]) => `${other}:9876`)
      expect(environment?.['NAMESRV_ADDR']).toBe(addresses.join(';'))
      const healthy = nameServers.map(([other]) => [other, { condition: 'service_healthy' }])
      expect(depends_on).toEqual(Object.fromEntries(healthy))
    },
  )
})
