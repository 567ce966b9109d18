import type { NameServer } from '../../admin/name-server.ts'
import { toEnd } from '../../common/time-slicer.ts'
import { checkBrokers } from '../../inspect/findings/broker-rules.ts'
import { type Observation, Observations } from '../../inspect/findings/finding.ts'
import type { JudgedRoutes, RuleSources } from '../../inspect/findings/rule-sources.ts'
import { compareRules } from '../../inspect/findings/rules.ts'
import { checkTopics } from '../../inspect/findings/topic-rules.ts'
import { brokerDataOf } from '../../protocol/body/lists-and-tables.ts'
import type { CommandContext } from '../run-command.ts'
import { routeTables } from './routes.ts'

/** A rule with more findings than are listed. */
export type BeyondListed = Pick<Observation, 'rule' | 'severity'> & { readonly count: number }

/** What only the server itself can know: nothing of it. */
const UNKNOWN: RuleSources = {
  nowMs: () => 0,
  dateMs: () => 0,
  suspicionOf: () => undefined,
  comparableConfig: () => new Map(),
  history: {
    masterLoss: () => undefined,
    rejection: () => undefined,
    *allDepartures() {},
    permissionChange: () => undefined,
    topicRegistration: () => undefined,
  },
}

/**
 * What is wrong in the routes of a NameServer without findings of its own, by the rules of ours that need nothing but routes.
 * @returns The worst first, and of which rules there are more than are listed.
 * @throws {CommandError} (rejects)
 */
export async function judgeRoutes(
  server: NameServer,
  context: Pick<CommandContext, 'progress'>,
): Promise<{ findings: readonly Observation[]; beyond: readonly BeyondListed[] }> {
  const routes = await readRoutes(server, context)
  const found = new Observations()
  toEnd(checkBrokers(routes, UNKNOWN, found))
  toEnd(checkTopics(routes, UNKNOWN, found))
  const findings = [...found].map(([, observation]) => observation).sort(compareRules)
  return { findings, beyond: [...found.beyond()] }
}

async function readRoutes(
  server: NameServer,
  context: Pick<CommandContext, 'progress'>,
): Promise<JudgedRoutes> {
  const listed = await server.brokerGroups()
  const groups = new Map([...listed].map(([name, group]) => [name, brokerDataOf(name, group)]))
  const { topics, mappings } = await routeTables(server, context)
  return {
    groupsWithMembers: () => [...groups.values()].filter(({ brokerAddrs }) => brokerAddrs.size > 0),
    group: (brokerName) => groups.get(brokerName),
    topics: () => topics,
    mappings: (topic) => mappings.get(topic),
    restored: undefined,
    tables: {
      brokerLiveTable: new Map(),
      topicQueueMappingInfoTable: mappings,
      overridden: { has: () => false, registeredOf: () => undefined },
    },
  }
}
