import { askForEach } from '../client/each-name.ts'
import { type Explanation, explanationLines, explanationOf } from '../output/explanation.ts'
import type { Run } from '../run-command.ts'

/** `broker explain`: what has become of brokers. */
export const run: Run = async (context) => {
  const brokers = context.values['broker'] as readonly string[]
  const { items, failures } = await askForEach(brokers, context, async (server, broker) => {
    const path = `/api/v1/explain?${new URLSearchParams({ broker })}`
    return [explanationOf(await server.view<Explanation>(path), server.address)]
  })
  return {
    items,
    failures,
    isNo: items.some(({ verdict }) => verdict !== 'registered'),
    view: { lines: (item) => explanationLines(item, context) },
    name: ({ subject }) => subject.name,
  }
}
