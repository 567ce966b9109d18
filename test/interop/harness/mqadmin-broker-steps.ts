import type { Release } from './packages.ts'

/** A command that asks a NameServer where to go, and then brokers. */
export interface BrokerStep {
  /**
   * `<broker>` is the broker's name and `<cluster>` its cluster, `<group>` a running consumer's group, `<unique key>` and
   * `<offset id>` are of the first message of the topic Told. `<own>` is a topic, and a group, for each NameServer's run:
   * what one of them changes, the other does not see.
   */
  readonly command: string
  /** What it prints where it does what it is asked, so that two equal failures do not pass. */
  readonly says: RegExp
  /** Measured, counted or generated at the moment of the call: numbers and message ids are not compared. */
  readonly measured?: true
  /** Its lines come in the order of a hash table. */
  readonly anyOrder?: true
  /** Only where the tool has the command. */
  readonly only?: Release
}

/** Each group at once, one group after the other. */
export const brokerSteps: readonly (readonly BrokerStep[])[] = [
  [
    { command: 'topicStatus -t Told', says: /<broker> +0 +0 +10 / },
    { command: 'brokerStatus -c <cluster>', says: /brokerVersionDesc/, measured: true },
    { command: 'getBrokerConfig -c <cluster>', says: /brokerName += +<broker>/, anyOrder: true },
    { command: 'getConsumerConfig -g <group>', says: /groupName += +<group>/ },
    { command: 'queryMsgByOffset -t Told -b <broker> -i 0 -o 0', says: /Queue Offset: +0/ },
    { command: 'queryMsgByUniqueKey -t Told -i <unique key>', says: /Topic: +Told/ },
    { command: 'queryMsgById -i <offset id> -t Told', says: /Topic: +Told/, only: '5.5.0' },
    { command: 'queryMsgById -i <offset id>', says: /Topic: +Told/, only: '4.9.7' },
    { command: 'queryMsgByKey -t Told -k nothing', says: /CODE: 208/ },
    { command: 'queryMsgTraceById -i <unique key> -t Told', says: /CODE: 208/ },
    { command: 'printMsg -t Told', says: /maxOffset=10, [\s\S]*MSGID: / },
    { command: 'printMsgByQueue -t Told -a <broker> -i 0 -p true', says: /(MSGID: .*\s+){10}/ },
    { command: 'consumeMessage -t Told -b <broker> -i 0 -o 0 -c 3', says: /(MSGID: .*\s+){3}/ },
    { command: 'queryCq -t Told -q 0 -i 0 -c 3', says: /max: 10, min: 0/ },
    { command: 'allocateMQ -t Told -i 127.0.0.1,127.0.0.2', says: /"brokerName":"<broker>"/ },
    { command: 'consumerConnection -g <group>', says: /CONSUME_PASSIVELY/ },
    { command: 'producerConnection -g interop-producer-Open -t Open', says: /language=JAVA|^\d+ +/m },
    { command: 'consumerProgress -g <group>', says: /Told +<broker> +0 +10 +10 /, measured: true },
    { command: 'consumerProgress', says: /<group>/, anyOrder: true, measured: true },
    { command: 'consumerStatus -g <group>', says: /Rebalance OK/, measured: true },
    { command: 'statsAll -t Told', says: /Told +<group> +0 /, measured: true },
    { command: 'haStatus -c <cluster>', says: /#SlaveNum\t0/, measured: true, only: '5.5.0' },
    { command: 'getColdDataFlowCtrInfo -c <cluster>', says: /"configTable":\{\}/, only: '5.5.0' },
    { command: 'getBrokerLiteInfo -c <cluster>', says: /./, measured: true, only: '5.5.0' },
  ],
  [
    { command: 'updateTopicPerm -c <cluster> -t <own> -p 4', says: /from 6 to 4 .*success/ },
    { command: 'updateSubGroup -c <cluster> -g <own>', says: /create subscription group to .* success/ },
    { command: 'updateBrokerConfig -c <cluster> -k deleteWhen -v 05', says: /update broker config success/ },
    { command: 'cleanExpiredCQ -c <cluster>', says: /^success/m },
    { command: 'cleanUnusedTopic -c <cluster>', says: /^success/m },
    { command: 'deleteExpiredCommitLog -c <cluster>', says: /^success/m },
    { command: 'exportMetadata -c <cluster> -f exported', says: /metadata.json success/ },
    { command: 'exportConfigs -c <cluster> -f exported', says: /configs.json success/ },
    {
      command: 'updateTopicList -c <cluster> -f <topics>',
      says: /batch of topic config .*success/,
      only: '5.5.0',
    },
    { command: 'updateSubGroupList -c <cluster> -f <groups>', says: /config .*success/, only: '5.5.0' },
    { command: 'setConsumeMode -c <cluster> -t Told -g <own> -m PULL', says: /mode\[PULL\]/, only: '5.5.0' },
    {
      command: 'updateColdDataFlowCtrGroupConfig -c <cluster> -g <own> -v 10',
      says: /success/,
      only: '5.5.0',
    },
    { command: 'setCommitLogReadAheadMode -c <cluster> -m 1', says: /success, mode: 1/, only: '5.5.0' },
  ],
  [
    { command: 'updateTopicPerm -c <cluster> -t <own> -p 6', says: /from 4 to 6 .*success/ },
    { command: 'cloneGroupOffset -s <group> -d <own> -t Told', says: /clone group offset success/ },
    { command: 'removeColdDataFlowCtrGroupConfig -c <cluster> -g <own>', says: /success/, only: '5.5.0' },
  ],
  [
    { command: 'resetOffsetByTime -g <own> -t Told -s 0', says: /<broker> +0 +(10 +10 +0 +)?0 / },
    { command: 'sendMessage -t <own> -p hello -b <broker> -i 0', says: /SEND_OK/, measured: true },
    { command: 'checkMsgSendRT -t <own> -a 2 -s 10', says: /Avg RT/, measured: true },
    { command: 'sendMsgStatus -b <broker> -s 10 -c 2', says: /SEND_OK/, measured: true },
  ],
  [{ command: 'skipAccumulatedMessage -g <own> -t Told', says: /<broker> +0 +10/ }],
  [{ command: 'deleteSubGroup -c <cluster> -g <own>', says: /delete subscription group .* success/ }],
]

/** Commands of 5.5.0 that no test runs side by side, with the reason. */
export const leftOut: Readonly<Record<string, string>> = {
  ...because('has a test of its own', ['updateStaticTopic', 'remappingStaticTopic']),
  ...because('changes or shows the NameServer itself; tested with its configuration', [
    'getNamesrvConfig',
    'updateNamesrvConfig',
  ]),
  ...because('runs until it is stopped', ['startMonitoring', 'clusterRT']),
  ...because('asks brokers or containers by address, never a NameServer', [
    'addBroker',
    'removeBroker',
    'resetMasterFlushOffset',
    'brokerConsumeStats',
    'producer',
    'getLiteClientInfo',
    'getLiteGroupInfo',
    'getLiteTopicInfo',
    'getParentTopicInfo',
    'triggerLiteDispatch',
  ]),
  ...because('asks a controller', [
    'getSyncStateSet',
    'getBrokerEpoch',
    'getControllerMetaData',
    'getControllerConfig',
    'updateControllerConfig',
    'electMaster',
    'cleanBrokerMetadata',
  ]),
  ...because('reads files of a broker', [
    'dumpCompactionLog',
    'exportMetadataInRocksDB',
    'rocksDBConfigToJson',
  ]),
  ...because('is for stores in RocksDB or pop consumers; finds its brokers by 106 as others here do', [
    'checkRocksdbCqWriteProgress',
    'exportPopRecord',
    'switchTimerEngine',
  ]),
  ...because('needs brokers with access control; finds them by 106 as others here do', [
    'createUser',
    'updateUser',
    'deleteUser',
    'getUser',
    'listUser',
    'copyUser',
    'createAcl',
    'updateAcl',
    'deleteAcl',
    'getAcl',
    'listAcl',
    'copyAcl',
  ]),
  ...because('fails with a null pointer of its own on a broker that has just started', ['exportMetrics']),
}

function because(reason: string, commands: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(commands.map((command) => [command, reason]))
}
