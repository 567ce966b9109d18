/** Inputs worth keeping: one of each kind, and every input that has ever failed. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../test/fuzz/corpus/', import.meta.url))
const LINE = 96

export interface CorpusEntry {
  readonly name: string
  /** Everything that a connection sends. */
  readonly bytes: Buffer
}

/** Files of hex digits; a line that begins with `#` says what it is. */
export function readCorpus(): CorpusEntry[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.hex'))
    .sort()
    .map((name) => {
      const text = readFileSync(join(FOLDER, name), 'utf8').replaceAll(/^#.*$/gm, '')
      return { name: name.slice(0, -'.hex'.length), bytes: Buffer.from(text.replaceAll(/\s/g, ''), 'hex') }
    })
}

/** Adds an entry. @returns Its file. */
export function addToCorpus(name: string, what: string, bytes: Buffer): string {
  mkdirSync(FOLDER, { recursive: true })
  const file = join(FOLDER, `${name}.hex`)
  const lines = bytes.toString('hex').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
  writeFileSync(file, `# ${what.replaceAll('\n', ' ')}\n${lines.join('\n')}\n`)
  return file
}
