import { html, type TemplateResult } from 'lit-html'
import type { Views } from '../api-types.ts'
import { badge, heading, name, seen, table } from '../components.ts'
import { count, duration } from '../format.ts'
import { MEMBER_SEVERITY } from '../member.ts'
import { href } from '../router.ts'
import type { Page, View } from '../views.ts'

type Group = Views['/api/v1/brokers']['brokers'][number]
type Member = Group['members'][number]

export const brokersView: View = { title: 'Brokers', render: renderBrokers }

function renderBrokers({ store }: Page): TemplateResult {
  return html`<section>
    ${heading('All brokers', '/api/v1/brokers')}
    ${seen(store.watch('/api/v1/brokers'), ({ brokers }) =>
      members(brokers.flatMap((group) => group.members.map((member) => ({ ...group, ...member })))),
    )}
  </section>`
}

/** One broker group. */
export function brokerView(brokerName: string): View {
  return { title: `Broker ${brokerName}`, render: (page) => renderBroker(brokerName, page) }
}

function renderBroker(brokerName: string, { store }: Page): TemplateResult {
  const options = { path: { name: brokerName } }
  return html`<section>
    ${heading('Members', '/api/v1/brokers/{name}', options)}
    ${seen(store.watch('/api/v1/brokers/{name}', options), (group) =>
      members(group.members.map((member) => ({ ...group, ...member }))),
    )}
  </section>`
}

function members(
  rows: readonly (Pick<Group, 'brokerName' | 'clusters' | 'topics'> & Member)[],
): TemplateResult {
  return table({
    label: 'Brokers',
    rows,
    columns: [
      { head: 'Cluster', cell: ({ clusters }) => clusters.map((cluster) => name(cluster)) },
      {
        head: 'Broker',
        cell: ({ brokerName }) => html`<a href=${href(['brokers', brokerName])}>${name(brokerName)}</a>`,
      },
      { head: 'Id', cell: ({ brokerId }) => brokerId, isNumber: true },
      { head: 'Address', cell: ({ address }) => name(address) },
      { head: 'State', cell: ({ state }) => badge(MEMBER_SEVERITY[state], state) },
      {
        head: 'Heartbeat',
        cell: ({ heartbeatAgeMs }) => (heartbeatAgeMs === null ? '–' : `${duration(heartbeatAgeMs)} ago`),
        isNumber: true,
      },
      { head: 'Version', cell: ({ versionName }) => versionName ?? '–' },
      { head: 'Topics', cell: ({ topics }) => count(topics), isNumber: true },
    ],
    empty: 'No broker has registered. Set namesrvAddr in broker.conf to this NameServer.',
  })
}
