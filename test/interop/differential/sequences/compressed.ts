import { deflateRawSync, gzipSync } from 'node:zlib'
import type { RequestStep, Sequence } from '../sequence.ts'
import {
  brokerFields,
  type Compressed,
  clusterInfo,
  compressedHex,
  dataVersion,
  ODD_NAME,
  queryDataVersion,
  READ_BY_FASTJSON_2,
  register,
  registerCompressed,
  route,
  topic,
} from './request-steps.ts'

const LINES = ['@1 8 8 6 SINGLE_TAG {"message.type":"NORMAL"}', '@2 4 2 6 MULTI_TAG {}']
const UNSPACED = ODD_NAME.replaceAll(' ', '')

const accepted: readonly Compressed[] = [
  { lines: LINES },
  { lines: [] },
  { lines: LINES, filter: '["f:1"]' },
  { lines: LINES, filter: 'hello' },
  { lines: LINES, filter: '' },
  { lines: LINES, dataVersion: '{}' },
  { lines: ['@1 8 8 6 SINGLE_TAG', '@2 8 8 6 SINGLE_TAG '] },
  { lines: ['@1 +8 -1 6 SINGLE_TAG hello', '@2 8 8 6 SINGLE_TAG {"a": "b c"}'] },
  { lines: [`@1${UNSPACED} 8 8 6 SINGLE_TAG {}`, '@2 8 8 6 SINGLE_TAG {}'] },
  {
    lines: LINES,
    mapping: [
      '{"bname":"@","currIdMap":{0:0,1:1},"dirty":false,"epoch":5,"scope":"__global__","topic":"@1","totalQueues":2}',
    ],
  },
]

const refused: readonly Compressed[] = [
  { lines: LINES, mapping: null },
  { lines: ['@1 8 8 6', '@2 8 8 6 SINGLE_TAG {}'] },
  { lines: ['@1 x 8 6 SINGLE_TAG', '@2 8 8 6 SINGLE_TAG {}'] },
  { lines: ['@1 8.0 8 6 SINGLE_TAG', '@2 8 8 6 SINGLE_TAG {}'] },
  { lines: ['@1 2147483648 8 6 SINGLE_TAG', '@2 8 8 6 SINGLE_TAG {}'] },
  { lines: ['@1 8 8 6 XX {}', '@2 8 8 6 SINGLE_TAG {}'] },
  { lines: ['@1  8 8 6 SINGLE_TAG {}', '@2 8 8 6 SINGLE_TAG {}'] },
  { lines: ['', '@2 8 8 6 SINGLE_TAG {}'] },
  { lines: LINES, dataVersion: 'x' },
  { lines: LINES, mapping: ['hello'] },
  { lines: LINES, mapping: ['null'] },
  { lines: LINES, mapping: ['{"bname":"b"}'] },
]

/** 103 with compressed bodies. */
export const compressed: Sequence = {
  name: 'compressed registration',
  steps: [
    ...accepted.flatMap((parts, index) => [
      registerCompressed(broker(`a${index}`), named(parts, `a${index}`)),
      ...look(`a${index}`),
    ]),
    ...refused.flatMap((parts, index) => [
      registerCompressed(broker(`r${index}`), named(parts, `r${index}`), { differs: 'exception-text' }),
      ...look(`r${index}`),
    ]),
    // The mapping section is there from 5.0.0 on.
    ...[407, 412].flatMap((version) => [
      registerCompressed(broker(`v${version}`), named({ lines: LINES, mapping: null }, `v${version}`), {
        version,
      }),
      ...look(`v${version}`),
    ]),
    registerCompressed(broker('v413'), named({ lines: LINES, mapping: null }, 'v413'), {
      version: 413,
      differs: 'exception-text',
    }),
    registerCompressed(broker('one'), { lines: ['one1 8 8 6 SINGLE_TAG {}'] }),
    ...look('one'),
    withFields('crc', compressedHex(named({ lines: LINES }, 'crc')), { bodyCrc32: '5' }),
    withFields('TRUE', compressedHex(named({ lines: LINES }, 'TRUE')), { compressed: 'TRUE' }),
    ...look('TRUE'),
    withFields('json', Buffer.from('{}').toString('hex'), {}, 'exception-text'),
    withFields('raw', reDeflated(deflateRawSync), {}, 'exception-text'),
    withFields('gzip', reDeflated(gzipSync), {}, 'exception-text'),
    withFields('cut', compressedHex({ lines: LINES }).slice(0, -40), {}, 'exception-text'),
    withFields('wrong', `${compressedHex({ lines: LINES }).slice(0, -8)}00000000`, {}, 'exception-text'),
    withFields('tail', `${compressedHex(named({ lines: LINES }, 'tail'))}0102`),
    ...look('tail'),
    withFields('none', ''),
    ...look('none'),
  ],
}

/** A data version that fastjson 1 takes for none. */
export const oddCompressed: Sequence = {
  name: 'compressed registration with an odd data version',
  releases: READ_BY_FASTJSON_2,
  steps: [
    registerCompressed(broker('odd'), named({ lines: LINES, dataVersion: '[]' }, 'odd'), {
      differs: 'exception-text',
    }),
    ...look('odd'),
    // Below 37 nothing is compressed.
    registerCompressed(broker('v36'), named({ lines: LINES }, 'v36'), {
      version: 36,
      differs: 'exception-text',
    }),
    ...look('v36'),
  ],
}

/** A zlib stream whose checksum is cut off. */
export const cutChecksum: Sequence = {
  name: 'compressed registration without checksum',
  steps: [
    {
      ...withFields('adler', compressedHex(named({ lines: LINES }, 'adler')).slice(0, -8)),
      differs: {
        id: 'zlib-checksum-required',
        java: { code: 0, extFields: {} },
        ours: { code: 1, extFields: null },
      },
    },
  ],
}

/** What brokers of 5.x do with compressedRegister=true: they compress the body and say that they did not. */
export const undeclaredCompression: Sequence = {
  name: 'compressed registration that is declared plain',
  steps: [
    {
      ...registerCompressed(broker('u'), named({ lines: LINES }, 'u')),
      extFields: { ...brokerFields(broker('u')), compressed: 'false' },
      differs: {
        id: 'undeclared-compression-accepted',
        java: { code: 1, extFields: null },
        ours: { code: 0, extFields: {} },
      },
    },
    // From here on both know the broker.
    register(broker('u'), { topics: [topic('u1'), topic('u2')], counter: 2 }),
    route('u1'),
    clusterInfo(),
  ],
}

function broker(name: string): { name: string; addr: string } {
  return { name, addr: `${name}:1` }
}

function named({ lines = [], mapping, ...rest }: Compressed, name: string): Compressed {
  const fill = (text: string): string => text.replaceAll('@', name)
  const own = `${name} 8 8 6 SINGLE_TAG {}`
  return {
    ...rest,
    lines: lines.length === 0 ? [] : [...lines.map(fill), own],
    ...(mapping !== undefined && { mapping: mapping === null ? null : mapping.map(fill) }),
  }
}

function look(name: string): RequestStep[] {
  return [
    clusterInfo(),
    queryDataVersion(broker(name), dataVersion(1), { clock: true }),
    route(`${name}1`),
    route(`${name}1${UNSPACED}`, { version: 300 }),
    route(`${name}2`, { version: 300 }),
  ]
}

function withFields(
  name: string,
  bodyHex: string,
  fields: Readonly<Record<string, string>> = {},
  differs?: 'exception-text',
): RequestStep {
  const extFields = { ...brokerFields(broker(name)), compressed: 'true', ...fields }
  return { code: 103, extFields, bodyHex, ...(differs && { differs }) }
}

function reDeflated(compress: (bytes: Buffer) => Buffer): string {
  return compress(Buffer.from('{"counter":1}')).toString('hex')
}
