import { expect, test } from 'vitest'
import { Metrics } from '../../../src/inspect/metrics/metrics.ts'
import type { InspectSources } from '../../../src/inspect/sources.ts'

test('scrapes that come together share one text, and the next one is written anew, also after a failure', async () => {
  let written = 0
  const process = (): never => {
    written++
    throw new Error('the process cannot be read')
  }
  const sources = { identity: { nodeId: 'ns1' }, process } as unknown as InspectSources
  const metrics = new Metrics(sources, { brokerSeriesLimit: 1, rpcLatencyMetrics: false })
  const together = await Promise.allSettled([metrics.scrape(undefined), metrics.scrape('text/plain')])
  expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(written).toBe(1)
  await expect(metrics.scrape(undefined)).rejects.toThrow('the process cannot be read')
  await expect(metrics.scrape('application/openmetrics-text')).rejects.toThrow('the process cannot be read')
  expect(written).toBe(3)
})
