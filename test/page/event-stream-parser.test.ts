import { expect, it } from 'vitest'
import { EventStreamParser, type StreamMessage } from '../../src/page/event-stream-parser.ts'

it('A stream that is cut within a message is resumed after the message before', () => {
  const messages: StreamMessage[] = []
  const parser = new EventStreamParser((message) => messages.push(message))
  parser.push('id: b-1\ndata: one\n\nid: b-2\ndata: t')
  expect(messages).toEqual([{ event: '', data: 'one', id: 'b-1' }])
  expect(parser.lastEventId).toBe('b-1')
  parser.push('wo\n\n')
  expect(messages[1]).toEqual({ event: '', data: 'two', id: 'b-2' })
  expect(parser.lastEventId).toBe('b-2')
})
