import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { encodeCommand } from '../../src/protocol/command-encoder.ts'
import type { RemotingCommand } from '../../src/protocol/remoting-command.ts'
import { type ExpectedFrame, fixture, fixtures } from '../fixtures/load.ts'
import { byteByByte, commandOf, framesOf } from './frame-helpers.ts'

const captured = fixtures()
const another = fixture('5.5.0/cluster-list.request')

/** A decoded command in the words of a fixture's JSON. */
function inFixtureWords(command: RemotingCommand): Omit<ExpectedFrame['frame'], 'serializeType'> {
  const { body, extFields, ...header } = command
  const fields = extFields === null ? null : (Object.fromEntries(extFields) as Record<string, string>)
  return { ...header, extFields: fields }
}

function expectCommand(frame: Buffer | undefined, { frame: said, ...expected }: ExpectedFrame): void {
  if (frame === undefined) throw new Error('no frame')
  const command = commandOf(frame)
  const { serializeType, ...header } = said
  expect(frame[0]).toBe(serializeType)
  expect(inFixtureWords(command)).toEqual(header)
  if (expected.bodySha256 === undefined) {
    expect(command.body?.toString('utf8') ?? null).toBe(expected.bodyText)
  } else {
    const body = command.body ?? Buffer.alloc(0)
    expect(createHash('sha256').update(body).digest('hex')).toBe(expected.bodySha256)
    expect(inflateSync(body).toString('hex')).toBe(expected.bodyInflatedHex)
  }
}

/**
 * Whether our encoder must give these very bytes. A replayed request was edited by hand, 4.9.7 escapes more characters than
 * 5.5.0, and an ext field with an empty value in a binary header is null once decoded and then left out.
 */
function isCanonical({ frame, provenance }: ExpectedFrame): boolean {
  if (provenance.sender.startsWith('replayed')) return false
  const values = Object.values(frame.extFields ?? {})
  if (frame.serializeType === 1) return !values.includes('')
  return !provenance.sender.includes('4.9.7') || /^[ -~]*$/.test(values.join('') + (frame.remark ?? ''))
}

test('there are captured frames of both releases, requests and responses, JSON and binary', () => {
  expect(captured.length).toBeGreaterThan(150)
  for (const part of ['4.9.7/', '5.5.0/', '.request', '.response']) {
    expect(captured.some(({ name }) => name.includes(part))).toBe(true)
  }
  expect(captured.some(({ expected }) => expected.frame.serializeType === 1)).toBe(true)
})

describe.each(captured)('captured frame $name', ({ bytes, expected }) => {
  test('decodes to its expected command', () => {
    const frames = framesOf([bytes])
    expect(frames).toHaveLength(1)
    expectCommand(frames[0], expected)
  })

  test('decodes to the same when it arrives byte by byte', () => {
    const frames = framesOf(byteByByte(bytes))
    expect(frames).toHaveLength(1)
    expectCommand(frames[0], expected)
  })

  test('decodes to the same in one chunk with the frame that follows it', () => {
    const frames = framesOf([Buffer.concat([bytes, another.bytes])])
    expect(frames).toHaveLength(2)
    expectCommand(frames[0], expected)
    expectCommand(frames[1], another.expected)
  })
})

test.each(captured.filter(({ expected }) => isCanonical(expected)))(
  'captured frame $name is written again with the same bytes',
  ({ bytes, expected }) => {
    const [frame] = framesOf([bytes])
    const command = commandOf(frame as Buffer)
    const encoded = encodeCommand(command, expected.frame.serializeType)
    expect(encoded.toString('hex')).toBe(bytes.toString('hex'))
  },
)
