import { html, nothing, type TemplateResult } from 'lit-html'
import type { Views } from '../inspect/api-types.ts'
import { badge, command, emptyState, name, type Severity, sentence, time } from './components.ts'
import { capitalized } from './format.ts'
import { href } from './router.ts'

export type Explanation = Views['/api/v1/explain']

/** Verdicts that are good or critical; the others are warnings. */
const SEVERITIES: Readonly<Partial<Record<Explanation['verdict'], Severity>>> = {
  routable: 'good',
  registered: 'good',
  not_writable: 'critical',
  not_readable: 'critical',
  no_master: 'critical',
  no_brokers: 'critical',
  hidden_by_zone: 'info',
  in_product_environment: 'info',
  not_ready: 'info',
  created_by_first_message: 'info',
  created_by_brokers: 'info',
  provisional: 'info',
  unregistered: 'info',
  renamed: 'info',
  never_registered: 'info',
}

/** The verdict on a topic or a broker, why, what to run, and what else may have been meant. */
export function story({ subject, verdict, sentences, commands, similar }: Explanation): TemplateResult {
  const [first = '', ...others] = sentences
  const section = subject.kind === 'topic' ? 'topics' : 'brokers'
  return html`<div class="story">
    <p>${badge(SEVERITIES[verdict] ?? 'warning', capitalized(verdict.replaceAll('_', ' ')))} ${sentence(first)}</p>
    ${others.map((each) => html`<p>${sentence(each)}</p>`)}
    ${
      similar.length === 0
        ? nothing
        : html`<p class="names">Go to
            ${similar.map((each) => html`<a href=${href([section, each.name])}>${name(each.name)}</a>`)}
          </p>`
    }
    ${commands.map((text) => command(text))}
  </div>`
}

/** What happened to it, the last thing first. */
export function past({ history }: Explanation, nowMs: number): TemplateResult {
  if (history.length === 0) return emptyState('No history since the start.')
  return html`<ol class="past">
    ${[...history].reverse().map(({ time: at, text }) => html`<li><span>${time(at, nowMs)}</span> <span>${sentence(text)}</span></li>`)}
  </ol>`
}
