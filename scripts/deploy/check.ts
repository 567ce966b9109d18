/**
 * Checks the Helm chart and the manifests made of it:
 *
 *     npm run deploy:check             # lints, renders and validates; fails if deploy/kubernetes is not what the chart renders
 *     npm run deploy:check -- --write  # writes deploy/kubernetes
 *
 * The chart is rendered with its defaults and with each file in its folder ci, for the oldest and the newest Kubernetes version, and
 * each object is validated against the schemas of that version: no unknown keys, no wrong types. Needs Go, Python with pip, and npm;
 * helm (unless installed) and the validators are installed once, at pinned versions, into `MQNAMESRV_DEPLOY_FOLDER` (default: a folder
 * below the system's temporary one). Exit code 1 if a check fails.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { commandsOf } from '../newcomer/documents.ts'
import { CheckList } from '../support/check-list.ts'
import { blockOf } from '../support/markdown-pages.ts'

const HELM = 'helm.sh/helm/v3/cmd/helm@v3.22.0'
/** A validator with the schemas of all versions from 1.25 on. */
const KUBERNETES_VALIDATE = 'kubernetes-validate==1.37.0'
/** The schemas of the Prometheus operator's own kinds. */
const PROMETHEUS_MODELS = '@kubernetes-models/prometheus-operator@6.0.0'

const NPM_INSTALL = 'install --no-save --ignore-scripts --no-audit --no-fund'.split(' ')

/** The `kubeVersion` of the chart, and the newest that the validator has. */
const VERSIONS = ['1.25', '1.37'] as const
const NEWEST = VERSIONS[1]

const PAGE = 'docs/kubernetes.md'

const root = fileURLToPath(new URL('../../', import.meta.url))
const chart = join(root, 'deploy', 'helm', 'mqnamesrv')
const manifest = join(root, 'deploy', 'kubernetes', 'mqnamesrv.yaml')

interface Values {
  readonly name: string
  readonly args: readonly string[]
}

interface Tools {
  readonly helm: string
  readonly validators: string
}

/** Runs a command to its end and returns its standard output. Throws an Error with all its output if it fails. */
function runTool(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  const result = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } })
  if (result.error) throw result.error
  if (result.status !== 0)
    throw new Error(
      `${command} ${args.join(' ')} ended with ${result.status}:\n${result.stdout}${result.stderr}`,
    )
  return result.stdout
}

function installTools(): Tools {
  const folder = process.env['MQNAMESRV_DEPLOY_FOLDER'] ?? join(tmpdir(), 'mqnamesrv-deploy')
  mkdirSync(folder, { recursive: true })
  const installed = spawnSync('helm', ['version'], { stdio: 'ignore' }).status === 0
  const helm = installed ? 'helm' : join(folder, 'helm')
  if (!installed && !existsSync(helm)) runTool('go', ['install', HELM], { GOBIN: folder })
  if (!existsSync(join(folder, 'kubernetes_validate')))
    runTool('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, KUBERNETES_VALIDATE])
  if (!existsSync(join(folder, 'node_modules')))
    runTool('npm', [...NPM_INSTALL, '--prefix', folder, PROMETHEUS_MODELS])
  return { helm, validators: folder }
}

/** The defaults, and each file that the chart's folder ci has. */
function allValues(): Values[] {
  const files = readdirSync(join(chart, 'ci')).map((file) => join(chart, 'ci', file))
  return [
    { name: 'defaults', args: [] },
    ...files.map((file) => ({ name: basename(file, '-values.yaml'), args: ['--values', file] })),
  ]
}

function render({ helm }: Tools, { args }: Values, version: string): string {
  const release = ['template', 'mqnamesrv', chart, '--namespace', 'rocketmq', '--kube-version', version]
  return runTool(helm, [...release, ...args])
}

/** Throws an Error that names the object and the key if a manifest does not fit the schemas. Returns the kinds that it has. */
async function validate({ validators }: Tools, rendered: string, version: string): Promise<string> {
  const documents = parseAllDocuments(rendered).map((document) => document.toJS() as Resource)
  const isCustom = ({ kind }: Resource): boolean => kind === 'ServiceMonitor' || kind === 'PrometheusRule'
  const folder = mkdtempSync(join(validators, 'rendered-'))
  try {
    for (const [number, resource] of documents.entries())
      if (!isCustom(resource)) writeFileSync(join(folder, `${number}.json`), JSON.stringify(resource))
    const files = readdirSync(folder).map((file) => join(folder, file))
    const args = [
      '-m',
      'kubernetes_validate',
      '--strict',
      '--quiet',
      '--kubernetes-version',
      version,
      ...files,
    ]
    if (files.length > 0) runTool('python3', args, { PYTHONPATH: validators })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  for (const resource of documents.filter(isCustom)) await validateCustom(validators, resource)
  return documents.map(({ kind }) => kind).join(', ')
}

interface Resource {
  readonly kind: string
}

async function validateCustom(validators: string, resource: Resource): Promise<void> {
  const models = 'node_modules/@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'
  const path = join(validators, models, `${resource.kind}.js`)
  const { [resource.kind]: Model } = (await import(pathToFileURL(path).href)) as {
    readonly [kind: string]: new (from: Resource) => { validate(): void }
  }
  if (Model === undefined) throw new Error(`${path} has no ${resource.kind}`)
  new Model(resource).validate()
}

/** Renders the chart with the arguments of a documented command, which needs a cluster itself. Returns the image that it sets. */
function renderDocumented({ validators: folder }: Tools, command: string, cwd: string): string {
  const PATH = [folder, process.env['PATH']].join(delimiter)
  const rendering = command.replace('helm install', `helm template --kube-version ${NEWEST}`)
  const rendered = runTool('sh', ['-ec', `cd '${cwd}' && ${rendering}`], { PATH })
  const [image] = /(?<=image: ")REGISTRY\/.*(?=")/.exec(rendered) ?? []
  if (image === undefined) throw new Error(`${command} does not set the image:\n${rendered}`)
  return image
}

/** What the chart renders with its defaults, without the marks of a release. */
function plainManifest(tools: Tools, values: Values): string {
  const marks = /^ *(app\.kubernetes\.io\/managed-by|helm\.sh\/chart): .*\n|^# Source: .*\n/gm
  const note =
    '# Made from deploy/helm/mqnamesrv by npm run deploy:check -- --write; change the chart instead.\n'
  return note + render(tools, values, NEWEST).replace(marks, '')
}

async function main(): Promise<void> {
  const tools = installTools()
  runTool(tools.helm, ['lint', '--strict', '--kube-version', NEWEST, chart])
  const [defaults, ...others] = allValues() as [Values, ...Values[]]
  const list = new CheckList()
  list.pass('helm lint --strict')
  for (const values of [defaults, ...others])
    for (const version of VERSIONS)
      await list.check(`Kubernetes ${version}, values ${values.name}`, () =>
        validate(tools, render(tools, values, version), version),
      )
  const plain = plainManifest(tools, defaults)
  if (process.argv.includes('--write')) writeFileSync(manifest, plain)
  for (const version of VERSIONS)
    await list.check(`Kubernetes ${version}, deploy/kubernetes`, () => {
      const namespace = readFileSync(join(root, 'deploy', 'kubernetes', '00-namespace.yaml'), 'utf8')
      return validate(tools, namespace + plain, version)
    })
  await list.check('helm install of docs/kubernetes.md', () =>
    renderDocumented(tools, commandsOf({ page: PAGE, heading: 'Installation' })('install'), root),
  )
  await list.check('helm install of the README of the chart', () =>
    renderDocumented(tools, blockOf('deploy/helm/mqnamesrv/README.md', 'sh'), chart),
  )
  await list.check(`the values of ${PAGE}`, () => {
    const file = join(tools.validators, 'documented-values.yaml')
    writeFileSync(file, blockOf(PAGE, 'yaml'))
    return validate(tools, render(tools, { name: PAGE, args: ['--values', file] }, NEWEST), NEWEST)
  })
  await list.check(`the PrometheusRule of ${PAGE}`, () => {
    const command = blockOf(PAGE, 'sh', 'PrometheusRule').replace('kubectl apply -f -', 'cat')
    return validate(tools, runTool('sh', ['-ec', `cd '${root}' && ${command}`]), NEWEST)
  })
  await list.check('deploy/kubernetes/mqnamesrv.yaml', () => {
    if (readFileSync(manifest, 'utf8') !== plain)
      throw new Error('it is not what the chart renders; run npm run deploy:check -- --write')
    return 'is what the chart renders'
  })
  list.end()
}

await main()
