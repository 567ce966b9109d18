/**
 * The `version` of a command is the ordinal of a constant in Java's enum MQVersion. Named here are the ordinals that change what
 * a NameServer does, and our own.
 * @see MQVersion in apache/rocketmq
 */
export const MQVersion = {
  /** Since then a registration body is a RegisterBrokerBody; before, a bare TopicConfigSerializeWrapper. */
  V3_0_11: 37,
  /** Since then clients read routes in strict JSON. */
  V4_9_4: 401,
  /** Since then a compressed registration ends in a topic queue mapping section. */
  V5_0_0: 413,
  /** Later clients understand GO_AWAY. */
  V5_3_1: 475,
  V5_5_0: 513,
  /** The last constant; every larger number counts as this one. */
  HIGHER_VERSION: 612,
} as const

/** The version in our commands: this NameServer behaves as 5.5.0 does. */
export const CURRENT_VERSION = MQVersion.V5_5_0
