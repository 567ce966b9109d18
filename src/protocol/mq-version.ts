/**
 * The `version` field of a command is the ordinal of a constant in the Java enum MQVersion. Only the ordinals that change
 * what a NameServer does, and the one we answer with, have a name here.
 * @see MQVersion in apache/rocketmq
 */
export const MQVersion = {
  /** From here on a registration body is a RegisterBrokerBody; before, a bare TopicConfigSerializeWrapper. */
  V3_0_11: 37,
  /** From here on a route is answered in strict JSON. */
  V4_9_4: 401,
  /** From here on a compressed registration ends in a topic queue mapping section. */
  V5_0_0: 413,
  /** Whoever is newer understands GO_AWAY. */
  V5_3_1: 475,
  V5_5_0: 513,
  /** The last constant; every larger number counts as this one. */
  HIGHER_VERSION: 612,
} as const

/** The version this NameServer answers with: it behaves as 5.5.0 does. */
export const CURRENT_VERSION = MQVersion.V5_5_0
