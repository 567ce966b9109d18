import type { NameServer, RouteClient } from '../../admin/name-server.ts'
import { optionalView } from '../../admin/optional-view.ts'
import { askForEach } from '../client/each-name.ts'
import { routeClientOf, routeQuery } from '../client/route-client.ts'
import { type Explanation, explanationLines, explanationOf } from '../output/explanation.ts'
import type { Run } from '../run-command.ts'

/** Clients can send to such a topic and read from it. */
const USABLE: readonly string[] = ['routable', 'in_product_environment']

/** `topic explain`: by the view of ours, otherwise by the routes of all NameServers that were given. */
export const run: Run = async (context) => {
  const { values, servers } = context
  const client = routeClientOf(values)
  const topics = values['topic'] as readonly string[]
  const notes = new Set<string>()
  const { items, failures } = await askForEach(topics, context, async (server, topic) => {
    const query = routeQuery(client)
    query.set('topic', topic)
    const path = `/api/v1/explain?${query}`
    const viewed = await optionalView<Explanation>(server, path, 'what happened before', notes)
    const explanation = viewed ?? (await explainedByRoutes(server, topic, client, servers))
    return [explanationOf(explanation, server.address)]
  })
  return {
    items,
    failures,
    notes: [...notes],
    isNo: items.some(({ verdict }) => !USABLE.includes(verdict)),
    view: { lines: (item) => explanationLines(item, context) },
    name: ({ subject }) => subject.name,
  }
}

async function explainedByRoutes(
  server: NameServer,
  topic: string,
  client: RouteClient,
  servers: readonly NameServer[],
): Promise<Explanation> {
  const [{ factsFromRoutes }, { shownCells, tellTopic }] = await Promise.all([
    import('../client/topic-facts.ts'),
    import('../../inspect/explain/topic-story.ts'),
  ])
  const others = servers.filter((other) => other !== server)
  const facts = await factsFromRoutes(server, topic, client, others)
  // The same members as those of the view.
  const explanation = {
    subject: { kind: 'topic', name: topic },
    ...tellTopic(facts),
    now: { ...facts.lookup, brokers: shownCells(facts), members: null },
    misses: null,
    history: [],
    similar: facts.similar,
  }
  return explanation
}
