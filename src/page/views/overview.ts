import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { visible } from '../../common/visible.ts'
import type { Views } from '../api-types.ts'
import {
  badge,
  command,
  emptyState,
  figure,
  jsonLink,
  name,
  type Severity,
  seen,
  time,
} from '../components.ts'
import { count, counted, duration, rate } from '../format.ts'
import { watchStatus } from '../status.ts'
import type { Page, View } from '../views.ts'

type Status = Views['/api/v1/status']
type Findings = Views['/api/v1/findings']
type Finding = Findings['findings'][number]

export const overviewView: View = { title: 'Overview', render }

function render({ store, nowMs }: Page): TemplateResult {
  const status = watchStatus(store)
  const findings = store.watch('/api/v1/findings', { everyMillis: 5_000 })
  return html`
    <section aria-label="Verdict">${seen(status, (value) => verdict(value, status.previous))}</section>
    <section aria-labelledby="findings">
      <div class="heading"><h2 id="findings">Findings</h2>${jsonLink('/api/v1/findings')}</div>
      ${seen(findings, (value) => findingList(value, nowMs))}
    </section>
  `
}

function verdict(status: Status, previous: Status | undefined): TemplateResult {
  const { findings, ready, checks, version, uptimeSeconds, tables, provisional } = status
  const problems = checks.flatMap(({ problem }) => problem ?? [])
  return html`<div class="verdict">
    <h2 class="visually-hidden">Verdict</h2>
    <p class="word">
      ${findingsBadge(findings)}
      ${ready ? badge('good', 'Ready') : badge('warning', 'Not ready')}
      ${provisional ? badge('info', 'Routes of the snapshot are served until their brokers register') : nothing}
      ${jsonLink('/api/v1/status')}
    </p>
    ${problems.map((problem) => html`<p>${visible(problem)}</p>`)}
    <dl class="figures">
      ${figure('Version', version)} ${figure('Uptime', duration(uptimeSeconds * 1_000))}
      ${figure('Brokers', count(tables.brokers))} ${figure('Topics', count(tables.topics))}
      ${figure('Lookups', rate(rateOf(status, previous, 'lookups')))}
      ${figure('Without a route', rate(rateOf(status, previous, 'lookupsWithoutRoute')))}
    </dl>
  </div>`
}

function findingsBadge({ critical, warning, info }: Status['findings']): TemplateResult {
  const severity: Severity = critical > 0 ? 'critical' : warning > 0 ? 'warning' : 'good'
  // What is only worth knowing does not make a server unhealthy.
  if (critical + warning === 0)
    return badge(severity, info === 0 ? 'Healthy' : `Healthy, with ${counted(info, 'thing')} worth knowing`)
  const urgent = critical === 0 ? '' : `: ${count(critical)} critical`
  return badge(severity, `${counted(critical + warning + info, 'finding')}${urgent}`)
}

/** Per second, between two reads of one run of the server. */
function rateOf(now: Status, before: Status | undefined, total: keyof Status['totals']): number | undefined {
  if (before === undefined || before.bootId !== now.bootId) return undefined
  const seconds = now.uptimeSeconds - before.uptimeSeconds
  return seconds > 0 ? (now.totals[total] - before.totals[total]) / seconds : undefined
}

function findingList({ findings, counts, rules }: Findings, nowMs: number): TemplateResult {
  const total = counts.reduce((sum, each) => sum + each.count, 0)
  if (findings.length === 0)
    return html`${emptyState(`Nothing is wrong: ${counted(rules.length, 'rule')} checked.`)}
      <details>
        <summary>What is checked</summary>
        <dl class="rules">
          ${rules.map(({ rule, meaning }) => html`<div><dt><code>${rule}</code></dt><dd>${meaning}</dd></div>`)}
        </dl>
      </details>`
  return html`<ol class="findings">
      ${repeat(
        findings,
        ({ rule, subject }) => `${rule} ${subject}`,
        (finding) => findingItem(finding, nowMs),
      )}
    </ol>
    ${total > findings.length ? html`<p class="quiet">${count(total - findings.length)} more are only counted.</p>` : nothing}`
}

function findingItem(
  { rule, severity, subject, since, text, evidence, command: fix }: Finding,
  nowMs: number,
): TemplateResult {
  const facts = Object.entries(evidence)
  return html`<li class="finding ${severity}">
    <div class="heading">
      <h3>${badge(severity, severity)} ${name(subject)}</h3>
      <code class="quiet">${rule}</code>
      <span class="since">since ${time(since, nowMs)}</span>
    </div>
    <p>${visible(text)}</p>
    <div class="actions">
      ${fix === null ? nothing : command(fix)} ${facts.length === 0 ? nothing : evidenceOf(facts)}
    </div>
  </li>`
}

function evidenceOf(facts: readonly [string, Finding['evidence'][string]][]): TemplateResult {
  return html`<details>
    <summary>Evidence</summary>
    <dl class="evidence">
      ${facts.map(
        ([fact, value]) => html`<div>
          <dt>${fact}</dt>
          <dd>${Array.isArray(value) ? value.map((each) => html`${name(each)}<br />`) : name(`${value}`)}</dd>
        </div>`,
      )}
    </dl>
  </details>`
}
