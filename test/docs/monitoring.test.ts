import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { METRIC_TABLES } from '../../scripts/docs/metrics-table.ts'
import { LIMIT_NAMES } from '../../src/common/limit-error.ts'
import { RULE_IDS } from '../../src/inspect/findings/rules.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8')

const metrics = Object.values(METRIC_TABLES).flat()
/** Every name that a query may use. */
const names = new Set(
  metrics.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
)
const labelsOf = new Map(metrics.map(({ name, labels }) => [name, labels]))

/** Names of metrics in a text. */
function namesIn(text: string): string[] {
  return [...new Set(text.match(/(?<![\w.`/-])(?:rocketmq|process|nodejs)_\w+/g))].sort()
}

/** Labels that a query selects or groups by, with the metric where it is known. */
function unknownLabels(query: string): string[] {
  return [...query.matchAll(/(rocketmq_nameserver_\w+)\{([^}]*)\}/g)].flatMap(
    ([, name = '', selectors = '']) => {
      const known = labelsOf.get(name.replace(/_(?:bucket|sum|count)$/, '')) ?? labelsOf.get(name) ?? []
      const used = [...selectors.matchAll(/(\w+)(?:=|!)/g)].map(([, label = '']) => label)
      return used
        .filter((label) => !['job', 'instance', ...known].includes(label))
        .map((label) => `${name}{${label}}`)
    },
  )
}

interface Panel {
  readonly id: number
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string }[]
}

const dashboard: { readonly panels: readonly Panel[] } = JSON.parse(read('conf/observability/dashboard.json'))
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
const alerts = read('conf/observability/alerts.yml')

describe('docs/monitoring.md', () => {
  const page = read('docs/monitoring.md')

  test('has a row of each metric, and of each rule of the findings', () => {
    const missing = [...metrics.map(({ name }) => name), ...RULE_IDS].filter(
      (name) => !page.includes(`\n| \`${name}\` |`),
    )
    expect(missing).toEqual([])
  })

  test('explains every alert', () => {
    const ruled = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name)
    const severities = [...alerts.matchAll(/severity: (\w+)/g)].map(([, severity]) => severity)
    const explained = [...page.matchAll(/^\| `(RocketMQNameServer\w+)` \| (\w+) \|/gm)]
    expect(explained.map(([, name]) => name)).toEqual(ruled)
    expect(explained.map(([, , severity]) => severity)).toEqual(severities)
  })
})

describe('the metrics', () => {
  test('each have one name, a sentence of help that a table can hold, and labels of the usual form', () => {
    const all = metrics.map(({ name }) => name)
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([])
    for (const { name, type, labels, help } of metrics) {
      expect(name.endsWith('_total'), name).toBe(type === 'counter')
      expect(help, name).toMatch(/^[A-Z\d][^|\n]*\.$/)
      for (const label of labels) expect(label, name).toMatch(/^[a-z][a-z_]*$/)
    }
  })
})

describe.each(readdirSync(`${root}docs`).filter((name) => name.endsWith('.md')))('docs/%s', (page) => {
  test('names only metrics that exist', () => {
    const bases = metrics.map(({ name }) => name)
    const used = [...read(`docs/${page}`).matchAll(/`[^`]*`/g)].flatMap(
      ([code]) => code.match(/(?:rocketmq_(?:nameserver|rpc)|process|nodejs)_\w+/g) ?? [],
    )
    expect(used.filter((name) => !names.has(name) && !bases.includes(name))).toEqual([])
  })
})

describe('docs/reliability.md', () => {
  const page = read('docs/reliability.md')

  test('names the metrics that count what it promises to count', () => {
    for (const name of [
      'rejected_total',
      'limit_used',
      'limit_max',
      'requests_shed_total',
      'overloads_total',
    ])
      expect(page).toContain(`\`rocketmq_nameserver_${name}\``)
  })

  test('names no limit that has no counter', () => {
    const keys = page.match(/`max[A-Z]\w+`/g)?.map((code) => code.slice(1, -1)) ?? []
    expect(keys.length).toBeGreaterThan(5)
    expect(keys.filter((key) => !(LIMIT_NAMES as readonly string[]).includes(key))).toEqual([])
  })
})

describe('the dashboard', () => {
  test('uses only metrics and labels that exist', () => {
    const used = queries.flatMap(namesIn)
    expect(used.length).toBeGreaterThan(40)
    expect(used.filter((name) => !names.has(name))).toEqual([])
    expect(queries.flatMap(unknownLabels)).toEqual([])
  })

  test('selects the job and the NameServer in every query', () => {
    for (const query of queries) {
      const selectors = query.match(/job=~"\$job",instance=~"\$instance"/g) ?? []
      expect(selectors.length, query).toBe(
        (query.match(/(?:rocketmq|process|nodejs)_\w+|\bup\b/g) ?? []).length,
      )
    }
  })

  test('has panels with an id and a title each, none over another', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const [index, { title, gridPos: a }] of panels.entries()) {
      expect(title).not.toBe('')
      expect(a.x + a.w, title).toBeLessThanOrEqual(24)
      const over = panels
        .slice(index + 1)
        .filter(({ gridPos: b }) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h)
      expect(
        over.map((panel) => panel.title),
        title,
      ).toEqual([])
    }
  })
})

describe('the alert rules', () => {
  test('use only metrics and labels that exist', () => {
    const used = namesIn(alerts)
    expect(used.length).toBeGreaterThan(15)
    expect(used.filter((name) => !names.has(name))).toEqual([])
    expect(unknownLabels(alerts)).toEqual([])
  })

  test('each have a test of their own', () => {
    const tests = read('conf/observability/alerts.test.yml')
    for (const [, alert] of alerts.matchAll(/- alert: (\w+)/g))
      expect(tests).toContain(`alertname="${alert}"`)
  })
})
