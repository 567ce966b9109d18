import type { NameServer } from '../../admin/name-server.ts'
import { optionalView } from '../../admin/optional-view.ts'
import { counted } from '../../common/counted.ts'
import { atNameServer } from '../../inspect/commands.ts'
import { type ServerStatus, STATUS_PATH } from '../client/status.ts'
import type { Finding as ViewedFinding } from '../client/views.ts'
import { age } from '../output/amounts.ts'
import { indented } from '../output/wrapped.ts'
import type { CommandContext, Run } from '../run-command.ts'

/** The worst first. */
const SEVERITIES = ['critical', 'warning', 'info'] as const
type Severity = (typeof SEVERITIES)[number]

type Finding = Omit<ViewedFinding, 'since'> & {
  /** Null of a NameServer without findings of its own. */
  readonly since: string | null
}

interface FindingsPage {
  readonly counts: readonly { readonly rule: string; readonly severity: Severity; readonly count: number }[]
  readonly findings: readonly Finding[]
}

/** `doctor`: what is wrong. */
export const run: Run = async (context) => {
  const { askEach, columns, paint, values } = context
  const notes = new Set<string>()
  const { items, failures } = await askEach((server) => findingsOf(server, context, notes))
  const nowMs = Date.now()
  const lines = ({ severity, rule, subject, since, text, evidence, command }: Item): string[] => [
    [
      paint(severity === 'critical' ? 'red' : severity === 'warning' ? 'yellow' : 'cyan', severity),
      rule,
      subject,
      ...(since === null ? [] : [`for ${age(nowMs - Date.parse(since))}`]),
    ].join('  '),
    ...indented(text, 2, columns),
    ...Object.entries(evidence).flatMap(([name, value]) => evidenceLines(name, value, columns)),
    // In one line, to be copied.
    ...(command === null ? [] : [`  Try: ${command}`]),
  ]
  type Item = Finding & { readonly namesrv: string }
  return {
    items,
    failures,
    none: values['severity'] === undefined ? 'nothing found' : 'no findings of this severity',
    notes: [...notes],
    isNo: items.some(({ severity }) => severity !== 'info'),
    view: { lines },
    name: ({ rule, subject }: Item) => `${rule}/${subject}`,
  }
}

async function findingsOf(
  server: NameServer,
  context: CommandContext,
  notes: Set<string>,
): Promise<readonly Finding[]> {
  const minSeverity = SEVERITIES.indexOf(context.values['severity'] as Severity)
  const wanted = minSeverity < 0 ? SEVERITIES : SEVERITIES.slice(0, minSeverity + 1)
  const missing = 'findings from heartbeats, clients and history'
  const page = await optionalView<FindingsPage>(server, '/api/v1/findings', missing, notes)
  if (page !== undefined) {
    const { tables } = await server.view<ServerStatus>(STATUS_PATH)
    if (tables.provisionalBrokers > 0)
      notes.add(
        `${server.address}: ${tables.provisionalBrokers} of ${counted(tables.brokers, 'broker')} provisional: restored from the snapshot, not registered again`,
      )
  }
  const { findings: all, beyond } = page === undefined ? await judged(server, context) : withBeyond(page)
  const findings = all
    .filter(({ severity }) => wanted.includes(severity))
    .map((each) => ({ ...each, command: each.command && atNameServer(each.command, server.address) }))
  for (const { rule, severity, count } of beyond)
    if (wanted.includes(severity))
      notes.add(`${server.address}: ${counted(count, 'more finding')} of ${rule} (${severity})`)
  return findings
}

interface Findings {
  readonly findings: readonly Finding[]
  /** Rules with more findings than are listed, and how many more. */
  readonly beyond: FindingsPage['counts']
}

function withBeyond({ counts, findings }: FindingsPage): Findings {
  const beyond = counts.map(({ rule, severity, count }) => {
    const listed = findings.filter((each) => each.rule === rule && each.severity === severity).length
    return { rule, severity, count: count - listed }
  })
  return { findings, beyond: beyond.filter(({ count }) => count > 0) }
}

/** Loaded only for NameServers that need it. */
async function judged(server: NameServer, context: CommandContext): Promise<Findings> {
  const { judgeRoutes } = await import('../client/judged-routes.ts')
  const { findings, beyond } = await judgeRoutes(server, context)
  return { findings: findings.map((each) => ({ ...each, since: null })), beyond }
}

/** A list has a line for each of several items. */
function evidenceLines(
  name: string,
  value: Finding['evidence'][string],
  columns: number | undefined,
): readonly string[] {
  if (typeof value !== 'object' || value.length < 2) return indented(`${name}: ${value}`, 4, columns)
  return [`    ${name}:`, ...value.flatMap((item) => indented(item, 6, columns))]
}
