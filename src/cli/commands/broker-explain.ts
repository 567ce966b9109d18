import { askForEach } from '../client/each-name.ts'
import { type Explanation, explanationLines } from '../output/explanation.ts'
import type { Run } from '../run-command.ts'

/** `broker explain`: what has become of brokers. */
export const run: Run = async (context) => {
  const brokers = context.values['broker'] as readonly string[]
  const { items, failures } = await askForEach(brokers, context, async (server, broker) => [
    await server.view<Explanation>(`/api/v1/explain?${new URLSearchParams({ broker })}`),
  ])
  return {
    items,
    failures,
    isNo: items.some(({ verdict }) => verdict !== 'registered'),
    view: { lines: (item) => explanationLines(item, context.format === 'wide') },
    name: ({ subject }) => subject.name,
  }
}
