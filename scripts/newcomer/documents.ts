/** The commands of the documents, so that what is tried is what is documented. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PURPOSES = [
  ...['build', 'install', 'start', 'ask', 'configure', 'stop'],
  ...['broker', 'topic', 'send', 'receive'],
] as const

/** What the commands of a block are for. */
export type Purpose = (typeof PURPOSES)[number]

/** A section of a document. */
export interface Section {
  /** Path below the root of the repository. */
  readonly page: string
  readonly heading: string
}

/**
 * Reads the blocks of a section that begin with ```` ```sh PURPOSE ````.
 * @returns The commands by what they are for.
 * @throws {Error} There is no such heading, or the section has a purpose that is unknown, or one twice.
 */
export function readCommands(markdown: string, heading: string): Map<Purpose, string> {
  const section = markdown.split(/^## /m).find((each) => each.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`there is no heading ${heading}`)
  const commands = new Map<Purpose, string>()
  for (const [, purpose = '', text = ''] of section.matchAll(/^```sh ?(.*)\n([\s\S]*?)^```$/gm)) {
    if (!isPurpose(purpose)) throw new Error(`${heading}: a block for ${JSON.stringify(purpose)}`)
    if (commands.has(purpose)) throw new Error(`${heading}: two blocks for ${purpose}`)
    commands.set(purpose, text.trim())
  }
  return commands
}

/** The commands of a section by their purpose. @throws {Error} As {@link readCommands}; when asked for a block that is not there. */
export function commandsOf({ page, heading }: Section): (purpose: Purpose) => string {
  const text = readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), 'utf8')
  const commands = readCommands(text, heading)
  return (purpose) => {
    const found = commands.get(purpose)
    if (found === undefined) throw new Error(`${page}, ${heading}: no block for ${purpose}`)
    return found
  }
}

function isPurpose(text: string): text is Purpose {
  return (PURPOSES as readonly string[]).includes(text)
}
