import { html, nothing, type TemplateResult } from 'lit-html'
import { visible } from '../../common/visible.ts'
import type { Views } from '../../inspect/api-types.ts'
import {
  badge,
  type Column,
  choice,
  command,
  figure,
  heading,
  name,
  pager,
  type Severity,
  searchField,
  seen,
  table,
  time,
} from '../components.ts'
import { filtersOf } from '../filters.ts'
import { count } from '../format.ts'
import { PAGE_ROWS, pageIndexOf, sortedRows, sortingOf } from '../sorting.ts'
import type { Page, View } from '../views.ts'

type WhoAmI = Views['/api/v1/access/whoami']
type Group = WhoAmI['groups'][number]['group']
type Rejections = Views['/api/v1/rejections']
type Rejection = Rejections['rejections'][number]

const GROUPS: Readonly<Record<Group, string>> = {
  lookup: 'find the route of a topic',
  list: 'list brokers, topics, KV entries and the configuration',
  register: 'register, keep and withdraw brokers and their topics',
  admin: 'delete topics, change permissions and KV entries',
  config: 'change the configuration, and close connections',
  inspect: 'read these views',
}

const PROFILES: Readonly<Record<WhoAmI['profile'], string>> = {
  open: 'everything is allowed to everyone, as with Java',
  default: 'as with Java, but config and inspect only for this machine and admins',
  guarded: 'admin, config and inspect only for this machine and admins',
  strict: 'nothing is allowed without a rule',
}

const MODES: Readonly<Record<WhoAmI['mode'], readonly [Severity, string]>> = {
  enforce: ['good', 'requests are rejected'],
  audit: ['warning', 'nothing is rejected: what would be is listed below'],
  off: ['critical', 'rules are ignored'],
}

export const accessView: View = { title: 'Access', render }

function render(page: Page): TemplateResult {
  const { store } = page
  const { values, choose } = filtersOf(page, 'q', 'group')
  const { q: text, group } = values
  const whoami = store.watch('/api/v1/access/whoami')
  return html`<section>
      ${heading('Policy in effect', '/api/v1/access/whoami')}
      ${seen(whoami, policyOf)}
    </section>
    <section>
      ${heading('Last rejections', '/api/v1/rejections')}
      <div class="filters">
        ${searchField('Address, account or rule', text, choose('q'))}
        ${choice('Group', group, Object.keys(GROUPS), choose('group'))}
      </div>
      ${seen(
        store.watch('/api/v1/rejections', { concerns: ({ kind }) => kind === 'request_denied' }),
        ({ rejections }) => rejectionsOf(rejections, text.toLowerCase(), group, page),
      )}
    </section>
    <section>
      ${heading('What you may do', '/api/v1/access/whoami')} ${seen(whoami, groupsOf)}
    </section>`
}

function policyOf({ profile, mode, identity, host, network, tls }: WhoAmI): TemplateResult {
  const [severity, meaning] = MODES[mode]
  return html`<dl class="card figures">
      ${figure('Profile', html`${profile} <span class="quiet">${PROFILES[profile]}</span>`)}
      ${figure('Mode', html`${badge(severity, mode)} <span class="quiet">${meaning}</span>`)}
      ${figure(
        'You',
        html`${identity === null ? 'anonymous' : name(nameOf(identity))}
          <span class="quiet">from ${name(host)}${network === null ? nothing : html` (network ${name(network)})`}${tls ? ', over TLS' : ''}</span>`,
      )}
    </dl>`
}

function groupsOf({ groups }: WhoAmI): TemplateResult {
  return table({
    label: 'What you may do',
    rows: groups,
    key: ({ group }) => group,
    columns: [
      { head: 'Group', cell: ({ group }) => html`<code>${group}</code>` },
      { head: 'Requests that', cell: ({ group }) => GROUPS[group], isText: true },
      {
        head: 'Decision',
        cell: ({ allowed }) => (allowed ? badge('good', 'allowed') : badge('warning', 'rejected')),
      },
      { head: 'By', cell: ({ rule }) => visible(rule) },
    ],
    empty: 'There are no groups.',
  })
}

function nameOf(identity: unknown): string {
  return (identity as { readonly name: string }).name
}

function rejectionsOf(
  rejections: readonly Rejection[],
  text: string,
  group: string,
  page: Page,
): TemplateResult {
  const { nowMs, route } = page
  const rows = rejections.filter(
    (each) =>
      (group === '' || group === each.group) &&
      [each.host, each.peer, each.identity, each.accessKey, each.rule].some((value) =>
        value?.toLowerCase().includes(text),
      ),
  )
  const columns: readonly Column<Rejection>[] = [
    {
      head: 'Last',
      cell: ({ last }) => time(last, nowMs),
      sort: { key: 'last', by: ({ last }) => last, isDescending: true },
    },
    {
      head: 'Times',
      cell: (each) => count(each.count),
      isNumber: true,
      sort: { key: 'times', by: (each) => each.count, isDescending: true },
    },
    {
      head: 'Who',
      cell: ({ host, identity, accessKey, unproven }) => html`<div>${whoOf(identity, accessKey)}</div>
        <div class="quiet">from ${name(host)}${unproven === null ? nothing : html`; ${visible(unproven)}`}</div>`,
      sort: { key: 'host', by: ({ host }) => host },
    },
    {
      head: 'Request',
      cell: ({ code, request, group: its }) => html`<div>${code} <code class="quiet">${request}</code></div>
        <div class="quiet">group ${its}</div>`,
      sort: { key: 'code', by: ({ code }) => code },
    },
    {
      head: 'By',
      cell: ({ rule, nearMiss, enforced }) => html`<div>${visible(rule)}</div>
        ${nearMiss === null ? nothing : html`<div class="quiet">${visible(nearMiss)}</div>`}
        ${enforced ? nothing : badge('info', 'allowed (audit)')}`,
      sort: { key: 'rule', by: ({ rule }) => rule },
    },
    { head: 'If it is legitimate', cell: remedyOf, isText: true },
  ]
  const sorting = sortingOf(page, 'last')
  const index = pageIndexOf(page)
  const times = rows.reduce((sum, each) => sum + each.count, 0)
  const note = times === rows.length ? nothing : `, ${count(times)} with repeats`
  return html`${rejections.length === 0 ? nothing : pager({ route, total: rows.length, index, noun: 'rejections', note })}
  ${table({
    label: 'Last rejections',
    rows: sortedRows(rows, columns, sorting).slice(index * PAGE_ROWS, (index + 1) * PAGE_ROWS),
    // With its remedy open, a row keeps it, wherever it moves.
    key: ({ host, code, rule, accessKey, identity, unproven, nearMiss, enforced }) =>
      JSON.stringify([host, code, rule, accessKey, identity, unproven, nearMiss, enforced]),
    columns,
    sorting,
    empty:
      rejections.length === 0 ? 'No request has been rejected since the start.' : 'No rejection matches.',
  })}`
}

function whoOf(identity: string | null, accessKey: string | null): TemplateResult {
  if (identity !== null) return name(identity)
  return accessKey === null
    ? html`anonymous`
    : html`${name(accessKey)} <span class="quiet">(not proven)</span>`
}

/** An address that a rule can name. */
const IP_ADDRESS = /^[\da-f.:]+$/i

function remedyOf({ code, group, host, accessKey, identity }: Rejection): TemplateResult {
  const isUnproven = identity === null && accessKey !== null
  return html`<details>
    <summary>How to allow it</summary>
    <div class="remedy">
      <p>
        ${isUnproven ? 'Correct the account or its secret' : 'Sign it as an account that may'}, or put a rule before the
        others in <code>rules</code> of <code>accessFile</code> (docs/security.md#${group}):
      </p>
      ${IP_ADDRESS.test(host) ? html`${command(ruleFor(group, host))} <p>Which rule decides:</p> ${command(`mqnamesrv access test --code ${code} --from ${host}`)}` : nothing}
    </div>
  </details>`
}

/** A rule of `accessFile`. YAML reads an IPv6 address without quotes as something else. */
export function ruleFor(group: Group, host: string): string {
  return `  - allow: [${group}]\n    from: ${host.includes(':') ? `"${host}"` : host}`
}
