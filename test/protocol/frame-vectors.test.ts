/** Frames whose bytes were made by Java's own encoder. */
import { describe, expect, test } from 'vitest'
import { encodeCommand } from '../../src/protocol/command-encoder.ts'
import { type RemotingCommand, SerializeType } from '../../src/protocol/remoting-command.ts'
import { commandOf, framesOf, hex } from './frame-helpers.ts'

const routeRequest: RemotingCommand = {
  code: 105,
  language: 'JAVA',
  version: 479,
  opaque: 7,
  flag: 0,
  remark: null,
  extFields: new Map([['topic', 'TopicTest']]),
  body: null,
}
const changedAnswer: RemotingCommand = {
  ...routeRequest,
  code: 0,
  flag: 1,
  extFields: new Map([['changed', 'true']]),
  body: Buffer.from('{}'),
}
const noTopicAnswer: RemotingCommand = {
  ...routeRequest,
  code: 17,
  flag: 1,
  remark: 'No topic',
  extFields: null,
}

const vectors: {
  readonly name: string
  readonly serializeType: SerializeType
  readonly bytes: Buffer
  readonly command: RemotingCommand
}[] = [
  {
    name: 'a route request with a JSON header',
    serializeType: SerializeType.JSON,
    bytes: hex(`00000087 00000083
      7b22636f6465223a3130352c226578744669656c6473223a7b22746f706963223a22546f70696354657374227d2c22666c6167223a302c
      226c616e6775616765223a224a415641222c226f7061717565223a372c2273657269616c697a655479706543757272656e74525043223a
      224a534f4e222c2276657273696f6e223a3437397d`),
    command: routeRequest,
  },
  {
    name: 'a route request with a binary header',
    serializeType: SerializeType.ROCKETMQ,
    bytes: hex(`0000002d 01000029 0069 00 01df 00000007 00000000 00000000 00000014
      0005 746f706963 00000009 546f70696354657374`),
    command: routeRequest,
  },
  {
    name: 'a binary response with a remark and no ext fields',
    serializeType: SerializeType.ROCKETMQ,
    bytes: hex('00000021 0100001d 0011 00 01df 00000007 00000001 00000008 4e6f20746f706963 00000000'),
    command: noTopicAnswer,
  },
  {
    name: 'a binary response with an ext field and a body',
    serializeType: SerializeType.ROCKETMQ,
    bytes: hex(`0000002c 01000026 0000 00 01df 00000007 00000001 00000000 00000011
      0007 6368616e676564 00000004 74727565 7b7d`),
    command: changedAnswer,
  },
  {
    name: 'a JSON response with an ext field and a body',
    serializeType: SerializeType.JSON,
    bytes: Buffer.concat([
      hex('00000084 0000007e'),
      Buffer.from(
        '{"code":0,"extFields":{"changed":"true"},"flag":1,"language":"JAVA","opaque":7,' +
          '"serializeTypeCurrentRPC":"JSON","version":479}{}',
      ),
    ]),
    command: changedAnswer,
  },
]

describe.each(vectors)('$name', ({ serializeType, bytes, command }) => {
  test('is read', () => {
    const frames = framesOf([bytes])
    expect(frames).toHaveLength(1)
    expect(commandOf(frames[0] as Buffer)).toEqual(command)
  })

  test('is written with the bytes Java writes', () => {
    expect(encodeCommand(command, serializeType).toString('hex')).toBe(bytes.toString('hex'))
  })
})
