import type { Release } from '../harness/packages.ts'
import { readAnswer } from './answer.ts'
import { differencesOf } from './compare.ts'
import type { Outcome } from './play.ts'
import type { RequestStep, Sequence, Step } from './sequence.ts'

/** Does nothing, and keeps the numbers of the steps after it. */
const NO_STEP: Step = { close: 'a connection that was never opened' }

function isUpdate(step: Step): step is RequestStep {
  return !('close' in step) && step.code === 318
}

function isRejection({ flag = 0 }: RequestStep, outcome: Outcome | undefined): boolean {
  const arrival = outcome?.arrival
  if (!(arrival instanceof Buffer)) return flag !== 0 && arrival === 'silent'
  const { code, remark } = readAnswer(arrival).fields
  return code === 16 && `${remark}`.includes('rejected by profile default')
}

/** A sequence as another machine sends it: no step waits for the effect of an update (318). */
export function fromAnotherMachine(sequence: Sequence): Sequence {
  if (!sequence.steps.some(isUpdate)) return sequence
  const steps = sequence.steps.map((step): Step => {
    if ('close' in step) return step
    const { until, ...rest } = step
    return rest
  })
  return { ...sequence, steps }
}

/** A sequence without its updates (318): what a server that rejects them carries out. The same object if it has none. */
export function withoutUpdates(sequence: Sequence): Sequence {
  if (!sequence.steps.some(isUpdate)) return sequence
  return { ...sequence, steps: sequence.steps.map((step) => (isUpdate(step) ? NO_STEP : step)) }
}

/**
 * What is wrong with the responses of ours to another machine, as readable text: the profile must reject every update (318),
 * and every other response must be that of a Java server that got no update.
 */
export function strangerDifferences(
  sequence: Sequence,
  release: Release,
  java: readonly (Outcome | undefined)[],
  stranger: readonly (Outcome | undefined)[],
): readonly string[] {
  const passed = sequence.steps.flatMap((step, index) =>
    !isUpdate(step) || isRejection(step, stranger[index]) ? [] : [`step ${index}: 318 is not rejected`],
  )
  return [...passed, ...differencesOf(withoutUpdates(sequence), release, java, stranger)].map(
    (text) => `from another machine, ${text}`,
  )
}
