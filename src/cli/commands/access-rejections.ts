import { age } from '../output/amounts.ts'
import type { Run } from '../run-command.ts'

interface Rejection {
  readonly count: number
  readonly last: string
  readonly peer: string
  readonly host: string
  readonly code: number
  readonly group: string
  readonly rule: string
  readonly identity: string | null
  readonly accessKey: string | null
  readonly unproven: string | null
  readonly nearMiss: string | null
  readonly enforced: boolean
}

/** `access rejections`: the requests that the access policy rejected last. */
export const run: Run = async ({ askEach }) => {
  // By the clock of each server.
  const nowMs = new Map<string, number>()
  const { items, failures } = await askEach(async (server) => {
    const { rejections } = await server.view<{ rejections: readonly Rejection[] }>('/api/v1/rejections')
    const { time } = await server.view<{ time: string }>('/api/v1/status')
    nowMs.set(server.address, Date.parse(time))
    return rejections
  })
  return {
    items,
    failures,
    none: 'no request rejected since the start',
    view: {
      columns: [
        {
          head: 'LAST',
          cell: ({ namesrv, last }) => age((nowMs.get(namesrv) ?? 0) - Date.parse(last)),
          align: 'right',
        },
        { head: 'COUNT', cell: ({ count }) => `${count}`, align: 'right' },
        { head: 'CODE', cell: ({ code }) => `${code}`, align: 'right' },
        { head: 'GROUP', cell: ({ group }) => group },
        { head: 'FROM', cell: ({ host }) => host },
        { head: 'AS', cell: whoText },
        {
          head: 'REJECTED BY',
          cell: ({ rule, enforced }) => `${rule}${enforced ? '' : ' (let pass: mode audit)'}`,
        },
        { head: 'WHY', cell: whyText },
        { head: 'PEER', cell: ({ peer }) => peer, isWide: true },
      ],
    },
    name: ({ code, host }) => `${code} from ${host}`,
  }
}

function whoText({ identity, accessKey }: Rejection): string {
  if (identity !== null) return identity
  return accessKey === null ? 'anonymous' : `${accessKey} (unproven)`
}

function whyText({ unproven, nearMiss }: Rejection): string {
  return [unproven, nearMiss].filter((reason) => reason !== null).join('; ')
}
