import type { RequestStep, Sequence, Side } from '../sequence.ts'
import { READ_BY_FASTJSON_2 } from './request-steps.ts'

const hex = (text: string): string => Buffer.from(text).toString('hex')
const hexFrame = (...parts: string[]): string => parts.join('')

/** Frames that end the connection, and those that look as if they should. */
const FRAMES: readonly RequestStep[] = [
  'ffffffff0000000000000000',
  '000000000000000000000000',
  '000000030102030000000000',
  '000000040000000000000000',
  hexFrame('0000000c', '00000000', '7b7d7b7d7b7d7b7d'),
  hexFrame('0000000c', '00000009', '7b7d7b7d7b7d7b7d'),
  hexFrame('0000000c', '02000008', '7b7d7b7d7b7d7b7d'),
  hexFrame('0000000c', 'ff000008', '7b7d7b7d7b7d7b7d'),
  '00fffffd0000000000000000',
  // Binary headers: remark, map and entry lengths that do not fit.
  binary('0065', '00000000', '00000000'),
  binary('0065', 'ffffffff', '00000000'),
  binary('0065', '00000040', '00000000'),
  binary('0065', '00000000', 'ffffffff'),
  binary('0065', '00000000', '00000040'),
  binary('0065', '00000000', '0000000c', '00036b6579', '00000001', '6b', '0000'),
  binary('0065', '00000000', '0000000a', '00036b6579', '00000001', '6b'),
  binary('0065', '00000000', '00000009', '00036b6579', '00000001', '6b'),
  binary('0065', '00000000', '0000000a', 'ffff6b6579', '00000001', '6b'),
  binary('0065', '00000000', '0000000a', '00036b6579', 'ffffffff', '6b'),
  binary('0065', '00000000', '0000000a', '00036b6579', '00000021', '6b'),
  binary('0065', '00000000', '0000000c', '00036b6579', '00000003', '61ff62'),
  hexFrame('00000018', '01000014', '0065', '00', '0201', '00000007', '00000000', '00000000', '000000'),
].map((frameHex) => ({ code: 101, frameHex }))

/** A frame whose binary header (type 1) has this code, remark length, map length and rest. */
function binary(code: string, remarkLength: string, mapLength: string, ...rest: string[]): string {
  const header = [code, '00', '0201', '00000007', '00000000', remarkLength, mapLength, ...rest].join('')
  const int32 = (value: number): string => value.toString(16).padStart(8, '0')
  const headerBytes = header.length / 2
  return [int32(4 + headerBytes), int32(0x0100_0000 | headerBytes), header].join('')
}

const rest = '"flag":0,"language":"JAVA","opaque":5,"version":513'
const ext = (fields: string): string => `{"code":101,"extFields":${fields},${rest}}`

/** JSON headers that are read, and those that end the connection. */
const JSON_HEADERS: readonly RequestStep[] = [
  ' {"code":101,"opaque":5} ',
  '\t{\n"code" : 101\r,\f"opaque":\b5 }\n',
  "{'code':101,'opaque':5}",
  '{"code":101,"opaque":5,}',
  '/*c*/{"code":101,/*c*/"opaque":5}//c',
  '{"code":"101","opaque":"5"}',
  '{"code":101.5,"opaque":5}',
  '{"code":1.01e2,"opaque":5}',
  '{"code":+101,"opaque":-5}',
  '{"code":0101,"opaque":05}',
  '{"code":true,"opaque":5}',
  '{"code":null,"opaque":5}',
  '{"code":"","opaque":5}',
  '{"code":2147483648,"opaque":5}',
  '{"code":"2147483648","opaque":5}',
  '{"code":" 101","opaque":5}',
  '{"code":"abc","opaque":5}',
  '{"code":0x65,"opaque":5}',
  '{"code":[],"opaque":5}',
  '{"code":101,"opaque":null}',
  '{"code":101,"opaque":5,"flag":null,"version":null}',
  '{"code":101,"opaque":5,"code":102}',
  '{"Code":101,"OPAQUE":7,"code":101,"opaque":5}',
  '{"code":101,"opaque":5,"unknown":{"a":[1,{"b":null}]},"other":[]}',
  '{"code":101,"opaque":5,"@type":"x","$ref":"y"}',
  '{"code":101,"opaque":5,"language":"COBOL"}',
  '{"code":101,"opaque":5,"language":null}',
  '{"code":101,"opaque":5,"language":9}',
  '{"code":101,"opaque":5,"serializeTypeCurrentRPC":"x"}',
  '{"code":101,"opaque":5,"serializeTypeCurrentRPC":1}',
  '{"code":101,"opaque":5,"remark":5}',
  '{"code":101,"opaque":5,"body":null}',
  '{"code":101 "opaque":5}',
  '{"code":101,"opaque":5}x',
  '{"code":101,"opaque":5}{}',
  '{"code":101,"opaque":5',
  '[{"code":101,"opaque":5}]',
  'null',
  '[]  ',
  '"x" ',
  '5   ',
  'true',
  '      ',
  ext('null'),
  ext('""'),
  ext('"x"'),
  ext('5'),
  ext('[]'),
  ext('[1]'),
  ext('{}'),
  ext('{"namespace":5,"key":1.50}'),
  ext('{"namespace":true,"key":null}'),
  ext('{"namespace":123456789012345678901234567890,"key":0.10000000000000000000000000000001}'),
  ext('{"namespace":{"b":1,"a":[1,null,"x"]},"key":[]}'),
  ext('{"namespace":"a","namespace":"b","key":"k"}'),
  ext('{"namespace":"a","namespace":null,"key":"k"}'),
  ext('{"namespace":"a","key":"k",}'),
  ext('{/*c*/"namespace":"a","key":"k"}'),
  ext('{"@type":"x","namespace":"a","key":"k"}'),
  ext('{"namespace":bare,"key":"k"}'),
  ext(String.raw`{"namespace":"\u0041\x41\/\'\0\7\v","key":"\b\t\n\f\r\"\\"}`),
  ext(String.raw`{"namespace":"\q","key":"k"}`),
  ext('{"namespace":"\u0001\u001f\u007f\u0085\u2028","key":"k"}'),
].map((header) => ({ code: 101, header }))

/** Headers that end the connection in 5.5.0; most of them are read by fastjson 1. */
const TAKEN: readonly string[] = [
  '{"code":101,"opaque":/*c*/5}',
  '{"code":101,"opaque":5/*c*/}',
  '{"code":NaN,"opaque":5}',
  '{"code":undefined,"opaque":5}',
  '{"code":101,"opaque":5,"language":99}',
  '{"code":101,"opaque":5,"language":true}',
  '{"code":101,"opaque":5,"body":5}',
  '{,"code":101,"opaque":5}',
  '{"code":101;"opaque":5}',
  ext('{"namespace":"a"/*c*/,"key":"k"}'),
  ext('{"namespace":NaN,"key":"k"}'),
]

/** Headers that only fastjson2 reads. */
const REFUSED: readonly string[] = [
  '{"code":101,"opaque":5}\0',
  '{"code":101L,"opaque":5}',
  ext(String.raw`{"namespace":"\u00g1","key":"k"}`),
]

/** Bytes in a text that are not UTF-8: some end the connection in both, some only here. */
const NOT_UTF_8: readonly string[] = ['80', 'ff', 'c3', 'f09f9880']
const NOT_UTF_8_REFUSED: readonly string[] = ['61c34162', 'e28022', 'eda0bd']

const LEADING_ZERO: RequestStep = {
  code: 101,
  header: ext('{"namespace":007,"key":-0}'),
  differs: {
    id: 'odd-json',
    java: { remark: 'No config item, Namespace: 7 Key: 0' },
    ours: { remark: 'No config item, Namespace: 007 Key: -0' },
  },
}

function withBytes(bytes: string): RequestStep {
  const [before, after] = ['{"code":101,"extFields":{"namespace":"', '","key":"k"},"opaque":5}']
  return { code: 101, headerHex: `${hex(before)}${bytes}${hex(after)}` }
}

function onlyIn(side: Side): (step: RequestStep) => RequestStep {
  const [java, ours] = side === 'java' ? ([{}, 'closed'] as const) : (['closed', {}] as const)
  return (step) => ({ ...step, differs: { id: 'odd-json', java, ours } })
}

/** JSON headers as no client writes them. Every one has a connection of its own. */
export const jsonHeaders: Sequence = {
  name: 'JSON headers',
  releases: READ_BY_FASTJSON_2,
  steps: [
    ...JSON_HEADERS,
    ...TAKEN.map((header) => ({ code: 101, header })).map(onlyIn('ours')),
    ...REFUSED.map((header) => ({ code: 101, header })).map(onlyIn('java')),
    ...NOT_UTF_8.map(withBytes),
    ...NOT_UTF_8_REFUSED.map(withBytes).map(onlyIn('java')),
    LEADING_ZERO,
  ].flatMap((step, index) => [{ ...step, on: `c${index}`, waitMs: 3_000 }, { close: `c${index}` }]),
}

/** Frames as no client writes them. Every one has a connection of its own. */
export const frames: Sequence = {
  name: 'frames',
  steps: [...FRAMES].flatMap((step, index) => [{ ...step, on: `c${index}` }, { close: `c${index}` }]),
}

/** Java waits for twelve bytes, because a line of the PROXY protocol may come first. */
export const firstBytes: Sequence = {
  name: 'first bytes of a connection',
  steps: [
    {
      code: 0,
      frameHex: 'ffffffff',
      waitMs: 1_000,
      differs: { id: 'first-bytes-read-at-once', java: 'silent', ours: 'closed' },
    },
  ],
}
