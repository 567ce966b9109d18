import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { blockOf, blocksOf, inlineCodeOf, PAGES, textOf } from '../../scripts/support/markdown-pages.ts'
import { createAdmin } from '../../src/index.ts'
import { loadAccessFile } from '../../src/namesrv/access/load-access-file.ts'
import { findConfigKey } from '../../src/namesrv/config/config-keys.ts'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { parseJavaProperties } from '../../src/namesrv/config/java-properties.ts'
import { readPrivateKey } from '../../src/namesrv/tls/private-key.ts'
import { documentsOf } from '../deploy/deployed-server.ts'
import { LEGACY_PASSWORD, legacyFile } from '../support/legacy-tls.ts'
import { registration } from '../support/requests.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const CONFIGURATION = 'docs/configuration.md'
const KUBERNETES = 'docs/kubernetes.md'
const OPERATIONS = 'docs/operations.md'
const SECURITY = 'docs/security.md'

interface StatefulSet {
  readonly kind: string
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly [Record<string, { readonly httpGet: { readonly path: string } }>]
      }
    }
  }
}

describe('docs/configuration.md', () => {
  test('shows the errors of a start as the start writes them', () => {
    const shown = blockOf(CONFIGURATION, 'text', 'ns.conf:3').trimEnd().split('\n')
    const lines = shown.flatMap((line) => {
      const [, number, key = '', value = ''] = /ns\.conf:(\d+): (\w+)="(.*?)"/.exec(line) ?? []
      return number === undefined ? [] : [[Number(number), `${key}=${value}`] as const]
    })
    const file = Array.from(
      { length: 7 },
      (_, index) => lines.find(([line]) => line === index + 1)?.[1] ?? '',
    )
    const [, variable = '', value = ''] =
      /environment variable (\w+): \w+="(\w+)"/.exec(shown.at(-1) ?? '') ?? []
    const { errors } = Configuration.resolveUsable({
      file: { path: 'ns.conf', bytes: Buffer.from(file.join('\n')) },
      env: { [variable]: value },
      homeDirectory: '/home/user',
      processors: 2,
    })
    expect(errors.map(({ message }) => `mqnamesrv: ${message}`).sort()).toEqual(shown.toSorted())
  })

  test('has a command that converts an old key to one that is read', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'OLD'), legacyFile('v2-des.key'))
    const [password, options] = [`pass:${LEGACY_PASSWORD}`, { cwd: folder, stdio: 'pipe' } as const]
    const command = `${blockOf(CONFIGURATION, 'sh', 'openssl').trimEnd()} -passin ${password} -passout ${password}`
    execFileSync('sh', ['-c', command], options)
    const pem = readFileSync(join(folder, 'NEW'))
    const key = readPrivateKey({
      pem,
      path: 'NEW',
      passwordKey: 'tls.server.keyPassword',
      password: LEGACY_PASSWORD,
    })
    expect(key).toBe(legacyFile('plain.key').toString())
  })
})

describe('docs/operations.md', () => {
  test('shows a log line with the fields that it has', async () => {
    const shown = JSON.parse(blockOf(OPERATIONS, 'json'))
    const server = await startServer()
    const broker = await server.connect()
    await broker.request(registration({ address: shown.brokerAddr }))
    broker.socket.destroy()
    const line = () => server.lines.find(({ msg }) => msg === shown.msg)
    await until('it is logged', () => line() !== undefined)
    // The daemon adds the time and the process.
    const { time, pid, hostname, ...fields } = shown
    expect([typeof time, typeof pid, typeof hostname]).toEqual(['string', 'number', 'string'])
    const typesOf = (value: object) => Object.entries(value).map(([name, each]) => `${name}: ${typeof each}`)
    expect(typesOf(line() ?? {})).toEqual(typesOf(fields))
    expect(line()?.level).toBe(fields.level)
  })

  test('has the probes of the Helm chart, by the number of the port', () => {
    const probes = parse(blockOf(OPERATIONS, 'yaml'))
    const [container] = documentsOf<StatefulSet>('deploy/kubernetes/mqnamesrv.yaml').find(
      ({ kind }) => kind === 'StatefulSet',
    )?.spec.template.spec.containers ?? [{}]
    const port = findConfigKey('httpListenPort')?.default
    for (const name of ['livenessProbe', 'readinessProbe']) {
      const { httpGet, ...times } = container[name] ?? {}
      expect(probes[name]).toEqual({ httpGet: { path: httpGet?.path, port }, ...times })
    }
  })
})

describe('docs/kubernetes.md', () => {
  const values = parse(textOf('deploy/helm/mqnamesrv/values.yaml'))
  /** Whether the chart has a value, or its configuration a key. */
  const isValue = (path: string): boolean => {
    const [first, ...rest] = path.split('.')
    if (first === 'config' && rest.length > 0) return findConfigKey(rest.join('.')) !== undefined
    let value = values
    for (const name of [first, ...rest]) value = value?.[name ?? '']
    return value !== undefined
  }

  test('names only values that the chart has', () => {
    const named = inlineCodeOf(KUBERNETES).flatMap(
      (code) => /^([a-z][A-Za-z]+(?:\.\w+)+)(?:=|$)/.exec(code)?.[1] ?? [],
    )
    const others = /^(?:mqnamesrv|access\.yml|values|tls)\b/
    const paths = named.filter((code) => !others.test(code))
    expect(paths.length).toBeGreaterThan(5)
    expect(paths.filter((path) => !isValue(path))).toEqual([])
  })

  test('has an access policy that is valid with its secrets', () => {
    const { access } = parse(blockOf(KUBERNETES, 'yaml'))
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'access.yml'), access.policy, { mode: 0o600 })
    for (const [name, secret] of Object.entries<string>(access.secrets))
      writeFileSync(join(folder, name), `${secret} of ${name}`, { mode: 0o600 })
    const { problems, warnings } = loadAccessFile(join(folder, 'access.yml'), 'default', {})
    expect([problems, warnings]).toEqual([[], []])
  })

  test('gives brokers the addresses of the pods of the manifests', () => {
    const addresses = parseJavaProperties(Buffer.from(blockOf(KUBERNETES, 'properties'))).get(
      'namesrvAddr',
    )?.value
    const peers = /^ +peers=(.+)$/m.exec(textOf('deploy/kubernetes/mqnamesrv.yaml'))?.[1]?.split(';') ?? []
    expect(peers.length).toBeGreaterThan(1)
    for (const peer of peers) expect(addresses?.split(';')).toContain(peer)
    expect(addresses?.split(';')).toHaveLength(values.replicas)
  })

  test('and the README of the chart have values with their defaults', () => {
    const rows = [...textOf('deploy/helm/mqnamesrv/README.md').matchAll(/^\| `(\w+)` \| (?:`(.*?)`)?/gm)]
    expect(rows.length).toBeGreaterThan(5)
    for (const [, name = '', shown] of rows) {
      expect(values).toHaveProperty(name)
      if (shown !== undefined) expect(values[name]).toEqual(parse(shown))
    }
  })
})

describe('docs/security.md', () => {
  test('sets only keys of TLS that there are in the file of Java clients', () => {
    const keys = [...parseJavaProperties(Buffer.from(blockOf(SECURITY, 'ini', 'tls.client'))).keys()]
    expect(keys.length).toBeGreaterThan(5)
    expect(keys.filter((key) => findConfigKey(key) === undefined)).toEqual([])
  })

  test('changes a secret by lines that fit into the access file of its last step', () => {
    const account = blockOf(SECURITY, 'yml')
    const folder = temporaryFolder()
    for (const name of ['ops.secret', 'brokers.secret', 'brokers-2.secret'])
      writeFileSync(join(folder, name), `a secret in ${name}`, { mode: 0o600 })
    const before = blockOf(SECURITY, 'yaml', 'profile: strict')
    const after = before.replace('  - accessKey: brokers\n    secretFile: brokers.secret\n', account)
    expect(after).not.toBe(before)
    writeFileSync(join(folder, 'access.yml'), after, { mode: 0o600 })
    const { problems, secretFiles } = loadAccessFile(join(folder, 'access.yml'), 'default', {})
    expect(problems).toEqual([])
    expect(secretFiles).toHaveLength(3)
  })
})

test('docs/library.md lists every method of a client', () => {
  const admin = createAdmin({ namesrvAddr: '127.0.0.1:9876' })
  const rows = textOf('docs/library.md').match(/^\| `\w+[^|]*`,? \| .*\|$/gm) ?? []
  const listed = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)(?=\(|`)/g)].map(([, name]) => name),
  )
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(admin)).filter(
    (name) => name !== 'constructor',
  )
  admin.close()
  expect(methods.length).toBeGreaterThan(10)
  for (const name of methods) expect(listed).toContain(name)
})

/** The pages whose blocks of a language are tried, where these are not all; `text`, and the figures of the benchmark, are output. */
const TRIED: Readonly<Record<string, readonly string[]>> = {
  '': ['docs/performance.md'],
  haproxy: [OPERATIONS],
  ini: [SECURITY],
  js: ['README.md'],
  json: [OPERATIONS],
  logrotate: [CONFIGURATION],
  nginx: [OPERATIONS],
  ts: ['docs/library.md'],
  yaml: [KUBERNETES, 'docs/monitoring.md', OPERATIONS, SECURITY],
  yml: [SECURITY],
}

test('every block of the pages is of a kind that a test or `npm run newcomer` tries', () => {
  const untried = PAGES.flatMap(blocksOf).filter(
    ({ page, language }) =>
      !['sh', 'shell', 'properties', 'text'].includes(language) && TRIED[language]?.includes(page) !== true,
  )
  expect(untried.map(({ page, language, content }) => [page, language, content])).toEqual([])
})
