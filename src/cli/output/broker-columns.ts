import type { BrokerMember } from '../../inspect/broker-member.ts'
import type { CommandContext } from '../run-command.ts'
import { age } from './amounts.ts'
import { type Column, tableLines } from './table.ts'

/** The columns of a broker. Those that only ours can fill are left out if all are empty. */
export function memberColumns(members: readonly BrokerMember[]): Column<BrokerMember>[] {
  const columns: Column<BrokerMember>[] = [
    { head: 'ID', cell: ({ brokerId }) => brokerId, align: 'right' },
    { head: 'ADDRESS', cell: ({ address }) => address },
  ]
  if (members.every(({ state }) => state === null)) return columns
  return [
    ...columns,
    { head: 'STATE', cell: ({ state }) => state },
    { head: 'HEARTBEAT', cell: ({ heartbeatAgeMs }) => age(heartbeatAgeMs), align: 'right' },
    { head: 'TOPICS', cell: ({ registeredTopics }) => registeredTopics, align: 'right' },
    { head: 'VERSION', cell: ({ versionName }) => versionName },
    {
      head: 'TIMEOUT',
      cell: ({ heartbeatTimeoutMs }) => age(heartbeatTimeoutMs),
      align: 'right',
      isWide: true,
    },
    { head: 'REGISTERED', cell: ({ lastRegistration }) => lastRegistration, isWide: true },
    { head: 'PEER', cell: ({ peer }) => peer, isWide: true },
    { head: 'HA ADDRESS', cell: ({ haServerAddress }) => haServerAddress, isWide: true },
    { head: 'LANGUAGE', cell: ({ language }) => language, isWide: true },
  ]
}

/** A table of brokers within a text, cut to the terminal as every table. */
export function brokerLines<Broker extends BrokerMember>(
  brokers: readonly Broker[],
  columns: readonly Column<Broker>[],
  { format, columns: maxWidth }: Pick<CommandContext, 'format' | 'columns'>,
): string[] {
  return tableLines(brokers, columns, { isWide: format === 'wide', hasHead: true, maxWidth })
}
