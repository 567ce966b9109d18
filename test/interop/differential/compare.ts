import type { Release } from '../harness/packages.ts'
import { type Answer, readAnswer } from './answer.ts'
import { inOneOrder, unorderedPaths } from './body-order.ts'
import type { Arrival } from './connection.ts'
import type { Outcome } from './play.ts'
import { asAnsweredBy } from './release-differences.ts'
import type { Differs, Expected, RequestStep, Sequence } from './sequence.ts'

/** Characters shown of each end of a long answer. */
const SHOWN = 1_000

type Outcomes = readonly (Outcome | undefined)[]
/** An arrival taken apart. */
type Heard = Answer | 'closed' | 'silent'

/** Every difference between what two servers answered to a sequence that is not on purpose, as readable text. */
export function differencesOf(
  { steps }: Sequence,
  release: Release,
  java: Outcomes,
  ours: Outcomes,
): readonly string[] {
  return steps.flatMap((step, index) => {
    const [a, b] = [java[index], ours[index]]
    if ('close' in step || a === undefined || b === undefined) return []
    const difference = differenceOf(step, release, a, b)
    return difference === undefined ? [] : [`step ${index}: ${difference}`]
  })
}

/** How the responses to one request differ, as readable text; undefined if they do not, but for what is on purpose. */
export function differenceOf(
  step: RequestStep,
  release: Release,
  java: Outcome,
  ours: Outcome,
): string | undefined {
  const complaints = complaintsOf(step, release, java, ours)
  if (complaints.length === 0) return undefined
  const requests = show(java.request) === show(ours.request) ? show(java.request) : 'the requests differ'
  return [
    complaints.join('; '),
    `request ${java.request.subarray(0, SHOWN).toString('hex')}`,
    `        ${requests}`,
    `${release}   ${show(java.arrival)}`,
    `ours    ${show(ours.arrival)}`,
  ].join('\n')
}

function complaintsOf(step: RequestStep, release: Release, java: Outcome, ours: Outcome): string[] {
  const unsettled = [
    ...(java.unsettled === undefined ? [] : [`java never settled on ${java.unsettled}`]),
    ...(ours.unsettled === undefined ? [] : [`ours never settled on ${ours.unsettled}`]),
  ]
  return [...unsettled, ...compare(step, heard(java.arrival), asIfOf(release, heard(ours.arrival), step))]
}

function heard(arrival: Arrival): Heard {
  return typeof arrival === 'string' ? arrival : readAnswer(arrival)
}

/** What an earlier release would have answered where 5.5.0 answers what ours did. */
function asIfOf(release: Release, ours: Heard, step: RequestStep): Heard {
  if (typeof ours === 'string') return ours
  const then = asAnsweredBy(release, ours, step)
  if (then === 'silent') return then
  const fields = JSON.parse(Buffer.from(then.headerText, 'latin1').toString()) as Answer['fields']
  return { fields, ...then }
}

function compare(step: RequestStep, java: Heard, ours: Heard): string[] {
  const { mayDiffer, differs = mayDiffer } = step
  if (step.mayTellToRegister === true) return sameOutcome(step, java, asIfUnchanged(java, ours))
  const difference = sameOutcome(step, java, ours)
  if (differs === undefined) return difference
  if (differs === 'exception-text') return bothFailed(java, ours)
  if (difference.length === 0) return mayDiffer === undefined ? ['this difference exists no more'] : []
  return [
    ...meets('java', java, differs.java),
    ...meets('ours', ours, differs.ours),
    ...sameRest(step, differs, java, ours),
  ]
}

/** Java looks at the version alone (`version-query-checks-group`). */
function asIfUnchanged(java: Heard, ours: Heard): Heard {
  const [unchanged, changed] = ['"changed":"false"', '"changed":"true"']
  if (typeof java === 'string' || typeof ours === 'string' || !java.headerText.includes(unchanged))
    return ours
  return { ...ours, headerText: ours.headerText.replace(changed, unchanged) }
}

function sameOutcome(step: RequestStep, a: Heard, b: Heard): string[] {
  if (typeof a === 'string' || typeof b === 'string') return a === b ? [] : ['the outcomes differ']
  return [
    ...(a.serializeType === b.serializeType ? [] : ['the serialize types differ']),
    ...(a.headerText === b.headerText ? [] : ['the headers differ']),
    ...sameBody(step, a.body, b.body),
  ]
}

function sameBody(
  { code, clock = false, places = false, mayDifferInMappings = false }: RequestStep,
  java: string,
  ours: string,
): string[] {
  if (mayDifferInMappings) [java, ours] = [withMappingsIn(java, ours), withMappingsIn(ours, java)]
  const canonical = (body: string): string => {
    if (places) return withoutPlaces(body)
    const timeless = clock ? withoutClock(body) : body
    const text = code === 304 ? withSomeAddress(timeless) : timeless
    return text === '' ? text : inOneOrder(text, unorderedPaths(code, text))
  }
  if (java === ours) return []
  return canonical(java) === canonical(ours) ? [] : ['the bodies differ']
}

/** A route without the static mappings that the other one does not have. */
function withMappingsIn(route: string, other: string): string {
  const mapping = /"(?:[^"\\]|\\.)*":\{"bname":(?:[^{}]|\{[^{}]*\})*\},?/g
  const nameOf = (text: string): string => text.slice(0, text.indexOf(':{') + 2)
  const names = new Set(other.match(mapping)?.map(nameOf))
  return route
    .replaceAll(mapping, (text) => (names.has(nameOf(text)) ? text : ''))
    .replace(',}', '}')
    .replace(',"topicQueueMappingByBroker":{}', '')
}

/** The first address of the first broker: which one that is, Java leaves to its hash tables. */
function withSomeAddress(body: string): string {
  return body.replace(/^\{"brokerAddr":"(?:[^"\\]|\\.)*"/, '{"brokerAddr":"some"')
}

/** Numbers within a minute of now are moments of this run. */
function withoutClock(body: string): string {
  return body.replaceAll(/\b\d{13}\b/g, (digits) =>
    Math.abs(Date.now() - Number(digits)) < 60_000 ? 'NOW' : digits,
  )
}

/** Lines of `key=value` without what must differ between two servers on one machine. */
export function withoutPlaces(text: string): string {
  return (
    text
      .replace(/^(rocketmqHome|kvConfigPath|configStorePath)=.*$/gm, '$1=PLACE')
      .replace(/^listenPort=\d{4,5}$/m, 'listenPort=PORT')
      // On another machine, ours listens on all addresses.
      .replace(/^bindAddress=0\.0\.0\.0$/m, 'bindAddress=127.0.0.1')
  )
}

/** Code 1, no body, no ext fields, a remark of whatever text, and everything else alike. */
function bothFailed(a: Heard, b: Heard): string[] {
  if (typeof a === 'string' || typeof b === 'string') return a === b ? [] : ['not both of them answered']
  const good = [a, b].every(
    ({ fields, body }) =>
      fields['code'] === 1 && fields['extFields'] === undefined && body === '' && Boolean(fields['remark']),
  )
  if (!good) return ['not both of them failed with an exception']
  return withoutFields(a, ['remark']) === withoutFields(b, ['remark']) ? [] : ['the headers differ elsewhere']
}

function meets(side: string, answer: Heard, expected: Expected): string[] {
  if (typeof answer === 'string' || typeof expected === 'string')
    return answer === expected ? [] : [`${side} is not ${JSON.stringify(expected)}`]
  const { fields, body } = answer
  return Object.entries(expected).flatMap(([key, value]) => {
    if (key === 'bodyHas') {
      const has = Buffer.from(body, 'latin1').includes(`${value}`)
      return has ? [] : [`the body of ${side} lacks ${JSON.stringify(value)}`]
    }
    const found = key === 'body' ? Buffer.from(body, 'latin1').toString() : (fields[key] ?? null)
    return JSON.stringify(found) === JSON.stringify(value) ? [] : [`the ${key} of ${side} is not as expected`]
  })
}

/** What a difference on purpose does not name must be alike. */
function sameRest(step: RequestStep, { java, ours }: Differs, left: Heard, right: Heard): string[] {
  if (typeof left === 'string' || typeof right === 'string') return []
  if (typeof java === 'string' || typeof ours === 'string') return []
  const named = [...Object.keys(java), ...Object.keys(ours)]
  // Where one of them fails, the text of its failure is its own.
  if (java.code !== ours.code) named.push('remark')
  const headers = withoutFields(left, named) === withoutFields(right, named)
  const bodies =
    named.includes('body') || named.includes('bodyHas') ? [] : sameBody(step, left.body, right.body)
  return [...(headers ? [] : ['the headers differ elsewhere']), ...bodies]
}

function withoutFields({ fields }: Answer, names: readonly string[]): string {
  return JSON.stringify(Object.entries(fields).filter(([name]) => !names.includes(name)))
}

function show(arrival: Arrival): string {
  if (typeof arrival === 'string') return arrival
  const text = JSON.stringify(arrival.subarray(4).toString())
  return text.length < 2 * SHOWN ? text : `${text.slice(0, SHOWN)} ... ${text.slice(-SHOWN)}`
}
