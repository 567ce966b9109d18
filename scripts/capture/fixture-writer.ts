/** Writes captured frames as pairs of `<name>.hex` and `<name>.json`. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BodyDescription, describeBody, type FrameHeader } from './captured-frames.ts'
import type { Exchange, RecordedFrame } from './recording-proxy.ts'

/** Where a frame comes from. */
export interface Provenance {
  /** Program and release that made the bytes, or `replayed: ...` for bytes this script edited. */
  sender: string
  receiver: string
  /** The request's name and code, and what made the peer send it. */
  command: string
  /** Day of the capture, YYYY-MM-DD. */
  date: string
}

/** The JSON side of a fixture. */
export type FixtureJson = { provenance: Provenance; frame: FrameHeader } & BodyDescription

const HEX_DIGITS_PER_LINE = 96

/** Writes into one folder, a subfolder per release. */
export class FixtureWriter {
  readonly #folder: string
  readonly #date: string

  constructor(folder: string, date: string) {
    this.#folder = folder
    this.#date = date
  }

  /** Removes a release's fixtures, so that a renamed one does not linger. */
  clear(release: string): void {
    const folder = join(this.#folder, release)
    mkdirSync(folder, { recursive: true })
    for (const file of readdirSync(folder)) {
      if (file.endsWith('.hex') || file.endsWith('.json')) rmSync(join(folder, file))
    }
  }

  /** Writes one frame. */
  frame(release: string, name: string, recorded: RecordedFrame, provenance: Omit<Provenance, 'date'>): void {
    const base = join(this.#folder, release, name)
    const hex = recorded.bytes.toString('hex')
    const lines = hex.match(new RegExp(`.{1,${HEX_DIGITS_PER_LINE}}`, 'g')) ?? []
    const json: FixtureJson = {
      provenance: { ...provenance, date: this.#date },
      frame: recorded.frame,
      ...describeBody(recorded.body),
    }
    writeFileSync(`${base}.hex`, `${lines.join('\n')}\n`)
    writeFileSync(`${base}.json`, `${JSON.stringify(json, null, 2)}\n`)
    process.stdout.write(`  ${release}/${name} (${recorded.bytes.length} bytes)\n`)
  }

  /** Writes a request and its answer as `<name>.request` and `<name>.response`. */
  exchange(
    release: string,
    name: string,
    { request, response }: Exchange,
    peers: { client: string; server: string; command: string },
  ): void {
    const { client, server, command } = peers
    this.frame(release, `${name}.request`, request, { sender: client, receiver: server, command })
    this.frame(release, `${name}.response`, response, {
      sender: server,
      receiver: client,
      command: `answer to ${command}`,
    })
  }

  /** The bytes of a fixture written earlier. */
  read(release: string, name: string): Buffer {
    return readHex(join(this.#folder, release, `${name}.hex`))
  }
}

/** Bytes of a `.hex` file. */
export function readHex(file: string): Buffer {
  return Buffer.from(readFileSync(file, 'utf8').replaceAll(/\s/g, ''), 'hex')
}
