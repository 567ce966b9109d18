import type { InspectSources, ShownKey } from '../inspect/sources.ts'
import type { Processor } from '../protocol/processor.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { isUpdatable, printable, textOf } from './config/config-key.ts'
import type { Configuration } from './config/configuration.ts'
import type { NamesrvContext } from './namesrv-context.ts'

/** The keys of a configuration as views show them. */
export function shownKeys(configuration: Configuration): ShownKey[] {
  return configuration.keys().map((resolved) => {
    const { key, value = null, source } = resolved
    const { name, effect, unit = null, default: byDefault } = key
    return {
      key: name,
      value: key.secret === true && value !== null ? printable(resolved) : value,
      default: typeof byDefault === 'object' ? byDefault.text.replaceAll('`', '') : (byDefault ?? null),
      source,
      effect,
      unit,
      updatable: isUpdatable(key) && !configuration.blackList.has(name),
      meaning: textOf(key),
    }
  })
}

/** Looks a topic up as a client does. */
export function lookupOf(process: Processor, { clock }: NamesrvContext): InspectSources['lookup'] {
  const origin = { host: '127.0.0.1', isLoopback: true, isTls: false, certificate: null }
  const channel = { id: 0, remoteAddress: 'http', closed: false, ...origin }
  const code = RequestCode.GET_ROUTEINFO_BY_TOPIC
  const request = { code, language: 'OTHER' as const, opaque: 0, flag: 0, remark: null, body: null }
  return (given) => process({ ...request, ...given }, { channel, nowMs: clock.nowMs() })
}
