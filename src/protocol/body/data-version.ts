import { JsonReader, type Members } from '../json/json-reader.ts'
import { type JsonDialect, longText } from '../json/json-text.ts'

/**
 * The version of a broker's topic configuration: `{"counter":long,"stateVersion":long,"timestamp":long}`. All three are kept
 * exact: they alone tell a changed registration from an unchanged one.
 * @see DataVersion in apache/rocketmq
 */
export interface DataVersion {
  readonly counter: bigint | null
  readonly stateVersion: bigint
  /** Milliseconds since the epoch on the broker's clock. */
  readonly timestamp: bigint
}

/** Whether two versions are equal in all three numbers; no version equals none. */
export function sameDataVersion(a: DataVersion | null, b: DataVersion | null): boolean {
  if (a === null || b === null) return false
  return a.counter === b.counter && a.stateVersion === b.stateVersion && a.timestamp === b.timestamp
}

/** The version of a registration without a body. */
export const EMPTY_DATA_VERSION: DataVersion = { counter: 0n, stateVersion: 0n, timestamp: 0n }

const MEMBERS: Members<DataVersion> = {
  counter: (reader) => reader.readLong(),
  stateVersion: (reader) => reader.readLong() ?? 0n,
  timestamp: (reader) => reader.readLong() ?? 0n,
}

/**
 * Reads a version where one is the next value; null for a JSON null.
 * @param nowMs - Replaces a missing timestamp, as in Java, so that such a version never equals an earlier one.
 * @throws {JsonError}
 */
export function readDataVersion(reader: JsonReader, nowMs: number): DataVersion | null {
  return reader.readObject(MEMBERS, { counter: 0n, stateVersion: 0n, timestamp: BigInt(Math.trunc(nowMs)) })
}

/**
 * Reads a body that is one DataVersion.
 * @throws {JsonError}
 */
export function decodeDataVersion(body: Buffer, nowMs: number): DataVersion | null {
  const reader = new JsonReader(body)
  const version = readDataVersion(reader, nowMs)
  reader.expectEnd()
  return version
}

/** The JSON text of a version. */
export function dataVersionText(version: DataVersion, dialect: JsonDialect): string {
  const counter = version.counter === null ? '' : `"counter":${longText(version.counter, dialect)},`
  const stateVersion = longText(version.stateVersion, dialect)
  return `{${counter}"stateVersion":${stateVersion},"timestamp":${longText(version.timestamp, dialect)}}`
}
