import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import type { Views } from '../../inspect/api-types.ts'
import { badge, command, emptyState, name, sentence, time } from '../components.ts'
import { count, counted } from '../format.ts'

type Findings = Views['/api/v1/findings']
type Finding = Findings['findings'][number]
type Evidence = Finding['evidence'][string]

/** Names of a list in the evidence that are shown. */
const MAX_NAMES = 4

/** How many there are, those that are not listed included. */
export function findingCount({ counts }: Findings): number {
  return counts.reduce((sum, each) => sum + each.count, 0)
}

/** What is wrong, the worst first: why, since when, and what to run. */
export function findingList(all: Findings, nowMs: number): TemplateResult {
  const { findings, rules } = all
  if (findings.length === 0)
    return html`${emptyState(`Nothing is wrong: ${counted(rules.length, 'rule')} checked.`)}
      <details>
        <summary>What is checked</summary>
        <dl class="rules">
          ${rules.map(({ rule, meaning }) => html`<div><dt><code>${rule}</code></dt><dd>${meaning}</dd></div>`)}
        </dl>
      </details>`
  const unlisted = findingCount(all) - findings.length
  return html`<ol class="findings-list">
      ${repeat(
        findings,
        ({ rule, subject }) => `${rule} ${subject}`,
        (finding) => findingItem(finding, nowMs),
      )}
    </ol>
    ${unlisted > 0 ? html`<p class="quiet">${count(unlisted)} more are not listed.</p>` : nothing}`
}

function findingItem(
  { rule, severity, subject, since, text, evidence, command: fix }: Finding,
  nowMs: number,
): TemplateResult {
  const facts = Object.entries(evidence)
  return html`<li class="finding ${severity}">
    <div class="finding-head">
      <h3>${badge(severity, severity)} ${name(subject)}</h3>
      <code class="quiet">${rule}</code>
      <span class="since">since ${time(since, nowMs)}</span>
    </div>
    <p>${sentence(text)}</p>
    ${facts.length === 0 ? nothing : evidenceList(facts)} ${fix === null ? nothing : command(fix)}
  </li>`
}

function evidenceList(facts: readonly [string, Evidence][]): TemplateResult {
  return html`<dl class="evidence" aria-label="Evidence">
    ${facts.map(([fact, value]) => html`<div><dt>${inWords(fact)}</dt> <dd>${evidenceValue(value)}</dd></div>`)}
  </dl>`
}

function evidenceValue(value: Evidence): TemplateResult {
  if (typeof value === 'number') return html`${count(value)}`
  if (typeof value === 'string')
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? html`${sentence(value)}` : name(value)
  const more = value.length - MAX_NAMES
  return html`${value.slice(0, MAX_NAMES).map((each, at) => html`${at === 0 ? '' : ', '}${name(each)}`)}${more > 0 ? ` and ${count(more)} more` : ''}`
}

/** `heartbeatAgeSeconds` as `heartbeat age seconds`. */
function inWords(fact: string): string {
  return fact.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
