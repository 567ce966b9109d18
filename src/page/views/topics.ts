import { html, nothing, type TemplateResult } from 'lit-html'
import { heading, name, searchField, seen, table } from '../components.ts'
import { count } from '../format.ts'
import { href, replaceQuery } from '../router.ts'
import type { Page, View } from '../views.ts'

export const topicsView: View = { title: 'Topics', render: renderTopics }

function renderTopics({ store, route, changed }: Page): TemplateResult {
  const prefix = route.query.get('prefix') ?? ''
  const options = { query: { prefix } }
  return html`<section>
    ${heading('All topics', '/api/v1/topics', options)}
    ${searchField('Names that begin with', prefix, (value) => replaceQuery('prefix', value, changed))}
    ${seen(
      store.watch('/api/v1/topics', options),
      ({ topics, matching, next }) => html`
      <p class="quiet" role="status">${count(matching)} found${next === null ? nothing : `, the first ${count(topics.length)} shown`}</p>
      ${table({
        label: 'Topics',
        rows: topics,
        columns: [
          { head: 'Topic', cell: (topic) => html`<a href=${href(['topics', topic])}>${name(topic)}</a>` },
        ],
        empty: prefix === '' ? 'No topics: no broker has registered any.' : 'No topic begins with that.',
      })}`,
    )}
  </section>`
}

/** One topic. */
export function topicView(topic: string): View {
  return { title: `Topic ${topic}`, render: (page) => renderTopic(topic, page) }
}

function renderTopic(topic: string, { store }: Page): TemplateResult {
  const options = { path: { topic } }
  return html`<section>
    ${heading('Queues', '/api/v1/topics/{topic}', options)}
    ${seen(store.watch('/api/v1/topics/{topic}', options), ({ brokers }) =>
      table({
        label: 'Queues',
        rows: brokers,
        columns: [
          {
            head: 'Broker',
            cell: ({ brokerName }) => html`<a href=${href(['brokers', brokerName])}>${name(brokerName)}</a>`,
          },
          { head: 'Cluster', cell: ({ cluster }) => (cluster === null ? '–' : name(cluster)) },
          { head: 'Read queues', cell: ({ readQueues }) => count(readQueues), isNumber: true },
          { head: 'Write queues', cell: ({ writeQueues }) => count(writeQueues), isNumber: true },
          { head: 'Access', cell: ({ access }) => access || 'none' },
        ],
        empty: 'No broker has queues of it.',
      }),
    )}
  </section>`
}
