import { describe, expect, it } from 'vitest'
import { eventText, HEARTBEAT, type ServerSentEvent } from '../../src/http/event-stream.ts'
import { EventStreamParser } from '../../src/page/event-stream-parser.ts'

function parsed(...pieces: string[]): readonly ServerSentEvent[] {
  const events: ServerSentEvent[] = []
  const parser = new EventStreamParser((event) => events.push(event))
  for (const piece of pieces) parser.push(piece)
  return events
}

describe('Server-sent events', () => {
  const message = { id: 'm1-7', event: 'broker lost', data: '{"a":1}\nsecond line' }

  it('are written as the standard wants them', () => {
    expect(eventText(message)).toBe('id: m1-7\nevent: broker lost\ndata: {"a":1}\ndata: second line\n\n')
    expect(eventText({ id: '', event: '', data: 'x' })).toBe('data: x\n\n')
  })

  it('are read as they were written, wherever the pieces are cut', () => {
    const text = eventText(message) + HEARTBEAT + eventText({ id: '', event: '', data: '' })
    for (let at = 0; at <= text.length; at++)
      expect(parsed(text.slice(0, at), text.slice(at))).toEqual([
        message,
        { id: 'm1-7', event: '', data: '' },
      ])
  })

  it.each(['\n', '\r\n', '\r'])('are read with lines that end in %j', (end) => {
    expect(parsed(`data:a${end}data: b${end}${end}x`)).toEqual([{ id: '', event: '', data: 'a\nb' }])
  })

  it('ignore comments, unknown fields and messages without data', () => {
    expect(parsed(': hello\nretry: 2000\nevent: empty\n\nwhat: 1\ndata: a\n\n')).toEqual([
      { id: '', event: '', data: 'a' },
    ])
  })

  it('reject a message without end', () => {
    expect(() => parsed('data: 12345678\n'.repeat(140_000), 'data: y')).toThrow('exceeds 1048576 characters')
  })
})
