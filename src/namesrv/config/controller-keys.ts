/**
 * Keys that only Java's controller reads. They stand in the file of a NameServer that runs one, and in one that a controller shares.
 * @see ControllerConfig and JraftConfig of RocketMQ 5.5.0
 */
const CONTROLLER_KEYS: ReadonlySet<string> = new Set([
  'controllerType',
  'controllerThreadPoolNums',
  'controllerRequestThreadPoolQueueCapacity',
  'controllerDLegerGroup',
  'controllerDLegerPeers',
  'controllerDLegerSelfId',
  'mappedFileSize',
  'controllerStorePath',
  'electMasterMaxRetryCount',
  'enableElectUncleanMaster',
  'isProcessReadEvent',
  'processReadEvent',
  'notifyBrokerRoleChanged',
  'scanInactiveMasterInterval',
  'metricsExporterType',
  'metricsGrpcExporterTarget',
  'metricsGrpcExporterHeader',
  'metricGrpcExporterTimeOutInMills',
  'metricGrpcExporterIntervalInMills',
  'metricLoggingExporterIntervalInMills',
  'metricsPromExporterPort',
  'metricsPromExporterHost',
  'metricsLabel',
  'metricsInDelta',
  'jraftConfig',
  'jRaftElectionTimeoutMs',
  'jRaftScanWaitTimeoutMs',
  'jRaftSnapshotIntervalSecs',
  'jRaftGroupId',
  'jRaftServerId',
  'jRaftInitConf',
  'jRaftControllerRPCAddr',
])

/** Whether a key is one of the controller's alone. */
export function isControllerKey(name: string): boolean {
  return CONTROLLER_KEYS.has(name)
}
