import { describe, expect, it } from 'vitest'
import { EventLog, type ServerEvent } from '../../src/page/event-log.ts'

function event(id: string): ServerEvent {
  const nothing = { cluster: null, brokerName: null, brokerId: null, address: null, topic: null }
  return { id, time: '2026-11-29T00:00:00.000Z', kind: 'ready', subject: '', text: '', ...nothing }
}

const events = (boot: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => event(`${boot}-${from + at}`))
const ids = (log: EventLog) => log.events.map(({ id }) => id)

describe('The events that the page keeps', () => {
  it('are those that were read and those of the stream, each once and in order', () => {
    const log = new EventLog()
    log.add(event('mx0a-9'))
    log.merge(events('mx0a', 7, 10))
    for (const repeated of events('mx0a', 9, 11)) log.add(repeated)
    expect(ids(log)).toEqual(['mx0a-7', 'mx0a-8', 'mx0a-9', 'mx0a-10', 'mx0a-11'])
  })

  it('have those that the stream has missed at their places', () => {
    const log = new EventLog()
    log.merge(events('mx0a', 1, 2))
    log.add(event('mx0a-9'))
    log.merge(events('mx0a', 1, 9))
    expect(ids(log)).toHaveLength(9)
    expect(ids(log)[7]).toBe('mx0a-8')
  })

  it('are followed by those of another run of the server, whose numbers begin at 1', () => {
    const log = new EventLog()
    log.merge(events('mx0a', 41, 42))
    log.merge(events('mx0b', 1, 2))
    log.add(event('mx0b-3'))
    expect(ids(log)).toEqual(['mx0a-41', 'mx0a-42', 'mx0b-1', 'mx0b-2', 'mx0b-3'])
  })

  it('have another run last, even if the clock of the server was set back before it', () => {
    const log = new EventLog()
    log.merge(events('mx0b', 41, 42))
    log.add(event('mx0a-1'))
    log.merge(events('mx0a', 1, 2))
    log.add(event('mx0a-3'))
    expect(ids(log)).toEqual(['mx0b-41', 'mx0b-42', 'mx0a-1', 'mx0a-2', 'mx0a-3'])
  })

  it('are the last 4,096, from the stream as from reads', () => {
    const log = new EventLog()
    log.merge(events('mx0a', 1, 4_096))
    for (const each of events('mx0a', 4_097, 4_106)) log.add(each)
    expect([log.events.length, ids(log)[0], ids(log).at(-1)]).toEqual([4_096, 'mx0a-11', 'mx0a-4106'])
    log.merge(events('mx0a', 4_107, 4_110))
    expect([log.events.length, ids(log)[0]]).toEqual([4_096, 'mx0a-15'])
  })
})
