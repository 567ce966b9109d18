import { type Answer, readAnswer } from './answer.ts'
import { inOneOrder, unorderedPaths } from './body-order.ts'
import type { Arrival } from './connection.ts'
import type { Outcome } from './play.ts'
import type { Differs, Expected, RequestStep, Sequence } from './sequence.ts'

type Outcomes = readonly (Outcome | undefined)[]

/** Every difference between what two servers answered to a sequence that is not on purpose, as readable text. */
export function differencesOf({ steps }: Sequence, java: Outcomes, ours: Outcomes): readonly string[] {
  return steps.flatMap((step, index) => {
    const [a, b] = [java[index], ours[index]]
    if ('close' in step || a === undefined || b === undefined) return []
    const complaints = complaintsOf(step, a, b)
    if (complaints.length === 0) return []
    const requests = show(a.request) === show(b.request) ? show(a.request) : 'the requests differ'
    return [
      [
        `step ${index}: ${complaints.join('; ')}`,
        `request ${a.request.toString('hex')}`,
        `        ${requests}`,
        `java    ${show(a.arrival)}`,
        `ours    ${show(b.arrival)}`,
      ].join('\n'),
    ]
  })
}

function complaintsOf(step: RequestStep, java: Outcome, ours: Outcome): string[] {
  const unsettled = [
    ...(java.unsettled === undefined ? [] : [`java never settled on ${java.unsettled}`]),
    ...(ours.unsettled === undefined ? [] : [`ours never settled on ${ours.unsettled}`]),
  ]
  return [...unsettled, ...compare(step, java.arrival, ours.arrival)]
}

function compare(step: RequestStep, java: Arrival, ours: Arrival): string[] {
  const { differs } = step
  if (differs === undefined) return sameOutcome(step, java, ours)
  if (sameOutcome(step, java, ours).length === 0) return ['this difference exists no more']
  if (differs === 'exception-text') return bothFailed(java, ours)
  return [
    ...meets('java', java, differs.java),
    ...meets('ours', ours, differs.ours),
    ...sameRest(step, differs, java, ours),
  ]
}

function sameOutcome(step: RequestStep, java: Arrival, ours: Arrival): string[] {
  if (!(java instanceof Buffer) || !(ours instanceof Buffer))
    return java === ours ? [] : ['the outcomes differ']
  if (java.equals(ours)) return []
  const [a, b] = [readAnswer(java), readAnswer(ours)]
  return [
    ...(a.serializeType === b.serializeType ? [] : ['the serialize types differ']),
    ...(a.headerText === b.headerText ? [] : ['the headers differ']),
    ...sameBody(step, a.body, b.body),
  ]
}

function sameBody(
  { code, clock = false, places = false }: RequestStep,
  java: string,
  ours: string,
): string[] {
  const canonical = (body: string): string => {
    if (places) return withoutPlaces(body)
    const text = clock ? withoutClock(body) : body
    return text === '' ? text : inOneOrder(text, unorderedPaths(code, text))
  }
  if (java === ours) return []
  return canonical(java) === canonical(ours) ? [] : ['the bodies differ']
}

/** Numbers within a minute of now are moments of this run. */
function withoutClock(body: string): string {
  return body.replaceAll(/\b\d{13}\b/g, (digits) =>
    Math.abs(Date.now() - Number(digits)) < 60_000 ? 'NOW' : digits,
  )
}

/** Lines of `key=value` without what must differ between two servers on one machine. */
export function withoutPlaces(text: string): string {
  return text
    .replace(/^(rocketmqHome|kvConfigPath|configStorePath)=.*$/gm, '$1=PLACE')
    .replace(/^listenPort=\d{4,5}$/m, 'listenPort=PORT')
}

/** Code 1, no body, no ext fields, a remark of whatever text, and everything else alike. */
function bothFailed(java: Arrival, ours: Arrival): string[] {
  if (!(java instanceof Buffer) || !(ours instanceof Buffer)) return ['not both of them answered']
  const [a, b] = [readAnswer(java), readAnswer(ours)]
  const good = [a, b].every(
    ({ fields, body }) =>
      fields['code'] === 1 && fields['extFields'] === undefined && body === '' && Boolean(fields['remark']),
  )
  if (!good) return ['not both of them failed with an exception']
  return withoutFields(a, ['remark']) === withoutFields(b, ['remark']) ? [] : ['the headers differ elsewhere']
}

function meets(side: string, arrival: Arrival, expected: Expected): string[] {
  if (typeof arrival === 'string' || typeof expected === 'string')
    return arrival === expected ? [] : [`${side} is not ${JSON.stringify(expected)}`]
  const { fields, body } = readAnswer(arrival)
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
function sameRest(step: RequestStep, { java, ours }: Differs, a: Arrival, b: Arrival): string[] {
  if (!(a instanceof Buffer) || !(b instanceof Buffer)) return []
  if (typeof java === 'string' || typeof ours === 'string') return []
  const named = [...Object.keys(java), ...Object.keys(ours)]
  // Where one of them fails, the text of its failure is its own.
  if (java.code !== ours.code) named.push('remark')
  const [left, right] = [readAnswer(a), readAnswer(b)]
  const headers = withoutFields(left, named) === withoutFields(right, named)
  const bodies =
    named.includes('body') || named.includes('bodyHas') ? [] : sameBody(step, left.body, right.body)
  return [...(headers ? [] : ['the headers differ elsewhere']), ...bodies]
}

function withoutFields({ fields }: Answer, names: readonly string[]): string {
  return JSON.stringify(Object.entries(fields).filter(([name]) => !names.includes(name)))
}

function show(arrival: Arrival): string {
  return typeof arrival === 'string' ? arrival : JSON.stringify(arrival.subarray(4).toString())
}
