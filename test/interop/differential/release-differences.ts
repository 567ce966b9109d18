import type { Release } from '../harness/packages.ts'
import type { Answer } from './answer.ts'
import type { RequestStep } from './sequence.ts'

/** What 5.5.0, and so ours, answers differently from an earlier release, and how to get from one to the other. */
export interface ReleaseDifference {
  /** Its name in docs/differences.md. */
  readonly id: string
  readonly releases: readonly Release[]
  /** Requests it concerns; default all. */
  readonly concerns?: (step: RequestStep) => boolean
  /** The response as that release gives it, texts in UTF-16; `silent` where that release says nothing. */
  readonly asThen: (answer: AnswerText, step: RequestStep, release: Release) => AnswerText | 'silent'
}

/** A response's type, header and body. */
export type AnswerText = Pick<Answer, 'serializeType' | 'headerText' | 'body'>

const VERSIONS: Readonly<Record<Release, number>> = { '5.5.0': 513, '5.4.0': 493, '5.3.3': 479, '4.9.7': 407 }
/** Codes that 4.9.7 serves; it says nothing to any other. */
const CODES_OF_4 = [
  100, 101, 102, 103, 104, 105, 106, 205, 206, 216, 219, 224, 304, 311, 312, 313, 318, 319, 322, 327,
]

/** Applied in this order; nothing else may differ. */
export const releaseDifferences: readonly ReleaseDifference[] = [
  {
    id: 'unknown-code-no-response',
    releases: ['4.9.7'],
    concerns: ({ code }) => !isServedIn4(code),
    asThen: () => 'silent',
  },
  {
    id: 'binary-responses',
    releases: ['4.9.7'],
    concerns: ({ serializeType }) => serializeType === 'ROCKETMQ',
    asThen: ({ headerText, body }) => ({
      serializeType: 1,
      // No fields and an empty list of them are the same there.
      headerText: headerText
        .replace('"extFields":{},', '')
        .replace('"serializeTypeCurrentRPC":"JSON"', '"serializeTypeCurrentRPC":"ROCKETMQ"'),
      body,
    }),
  },
  {
    id: 'version-number',
    releases: ['5.3.3', '4.9.7'],
    asThen: (answer, _step, release) => ({
      ...answer,
      headerText: answer.headerText.replace(/"version":513\}$/, `"version":${VERSIONS[release]}}`),
    }),
  },
  {
    id: 'escapes',
    releases: ['5.3.3', '4.9.7'],
    asThen: ({ serializeType, headerText, body }, step) => ({
      serializeType,
      headerText: serializeType === 1 ? headerText : escapedByFastjson1(headerText),
      body: isStandard(step) ? escapedInStandard(escapedByFastjson1(body)) : escapedByFastjson1(body),
    }),
  },
  {
    id: 'faq-link',
    releases: ['4.9.7'],
    concerns: ({ code }) => code === 105,
    asThen: (answer) => ({
      ...answer,
      headerText: answer.headerText.replace(
        'https://rocketmq.apache.org/docs/bestPractice/06FAQ',
        'http://rocketmq.apache.org/docs/faq/',
      ),
    }),
  },
  {
    id: 'fields-of-5',
    releases: ['4.9.7'],
    concerns: ({ code }) => [105, 106, 322].includes(code),
    asThen: (answer) => ({
      ...answer,
      body: answer.body.replaceAll(',"enableActingMaster":false', '').replaceAll(',"stateVersion":0', ''),
    }),
  },
]

/** What is not sent to an earlier release at all: bodies that 5.5.0 reads otherwise, and what meets other rules of 4.9.7. */
export const notCompared: readonly string[] = ['reading', 'rules-of-4']

/** Whether 4.9.7 answers a request code. */
export function isServedIn4(code: number): boolean {
  return CODES_OF_4.includes(code)
}

/** The response of 5.5.0 as an earlier release gives it; texts are bytes as Latin-1. */
export function asAnsweredBy(release: Release, answer: AnswerText, step: RequestStep): AnswerText | 'silent' {
  const rules = releaseDifferences.filter(
    ({ releases, concerns }) => releases.includes(release) && (concerns?.(step) ?? true),
  )
  if (rules.length === 0) return answer
  const { serializeType, headerText, body } = answer
  let text: AnswerText = { serializeType, headerText: fromBytes(headerText), body: fromBytes(body) }
  for (const { asThen } of rules) {
    const then = asThen(text, step, release)
    if (then === 'silent') return then
    text = then
  }
  return { ...text, headerText: toBytes(text.headerText), body: toBytes(text.body) }
}

/** Only routes for clients from 4.9.4 on, or for those that ask for it, are in the standard dialect; never in zone mode. */
function isStandard({ code, version = 513, extFields }: RequestStep): boolean {
  const zoneMode = extFields?.['__ZONE_MODE']?.toLowerCase() === 'true'
  if (code !== 105 || (zoneMode && (extFields?.['__ZONE_NAME'] ?? '').trim() !== '')) return false
  return version >= 401 || extFields?.['acceptStandardJsonOnly']?.toLowerCase() === 'true'
}

/** fastjson 1 writes its escapes in upper case, and escapes some characters that fastjson 2 does not. */
function escapedByFastjson1(text: string): string {
  return text
    .replaceAll(/\\(?:u[\da-f]{4}|.)/gs, (sequence) =>
      sequence[1] === 'u' ? `\\u${sequence.slice(2).toUpperCase()}` : sequence,
    )
    .replaceAll(/[\u007f-\u009f\u2028\u2029]/g, unicodeEscape)
}

/** In the standard dialect fastjson 1 escapes slashes and everything beyond ASCII. */
function escapedInStandard(text: string): string {
  return text.replaceAll('/', '\\/').replaceAll(/[\u0080-\uffff]/g, unicodeEscape)
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

function fromBytes(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString()
}

function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1')
}
