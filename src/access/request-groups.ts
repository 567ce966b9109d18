import { RequestCode } from '../protocol/request-code.ts'

/**
 * What a request can do, as rules name it:
 *
 * - `lookup`: find the route of a topic
 * - `list`: enumerate brokers, topics, KV configurations, and the configuration, whose secrets are hidden
 * - `register`: announce, keep or withdraw a broker and its topics
 * - `admin`: delete topics, change permissions of brokers and KV configurations
 * - `config`: change this server: its configuration, and which connections are open
 * - `inspect`: read our own views
 */
export const REQUEST_GROUPS = ['lookup', 'list', 'register', 'admin', 'config', 'inspect'] as const
export type RequestGroup = (typeof REQUEST_GROUPS)[number]

/** The group of each request code. A code without one does not compile. */
export const GROUP_OF: Readonly<Record<RequestCode, RequestGroup>> = {
  [RequestCode.PUT_KV_CONFIG]: 'admin',
  [RequestCode.GET_KV_CONFIG]: 'list',
  [RequestCode.DELETE_KV_CONFIG]: 'admin',
  [RequestCode.REGISTER_BROKER]: 'register',
  [RequestCode.UNREGISTER_BROKER]: 'register',
  [RequestCode.GET_ROUTEINFO_BY_TOPIC]: 'lookup',
  [RequestCode.GET_BROKER_CLUSTER_INFO]: 'list',
  [RequestCode.WIPE_WRITE_PERM_OF_BROKER]: 'admin',
  [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER]: 'list',
  [RequestCode.DELETE_TOPIC_IN_NAMESRV]: 'admin',
  [RequestCode.REGISTER_TOPIC_IN_NAMESRV]: 'register',
  [RequestCode.GET_KVLIST_BY_NAMESPACE]: 'list',
  [RequestCode.GET_TOPICS_BY_CLUSTER]: 'list',
  [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS]: 'list',
  [RequestCode.GET_UNIT_TOPIC_LIST]: 'list',
  [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST]: 'list',
  [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST]: 'list',
  [RequestCode.UPDATE_NAMESRV_CONFIG]: 'config',
  [RequestCode.GET_NAMESRV_CONFIG]: 'list',
  [RequestCode.QUERY_DATA_VERSION]: 'register',
  [RequestCode.ADD_WRITE_PERM_OF_BROKER]: 'admin',
  [RequestCode.GET_BROKER_MEMBER_GROUP]: 'register',
  [RequestCode.BROKER_HEARTBEAT]: 'register',
  [RequestCode.INSPECT]: 'inspect',
  [RequestCode.CLOSE_CONNECTION]: 'config',
}
