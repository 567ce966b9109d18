/** The commands of docs/quick-start.md, so that what is tried is what is documented. */

/** What the commands of a block are for. */
export type Purpose = 'build' | 'install' | 'start' | 'ask'

/** The commands below one heading, by what they are for. */
export type Commands = Readonly<Partial<Record<Purpose, string>>>

/**
 * Reads the blocks that begin with ```` ```sh PURPOSE ````.
 * @returns By the heading above them.
 * @throws {Error} A purpose that is unknown, or twice below one heading.
 */
export function readQuickStart(markdown: string): Map<string, Commands> {
  const sections = new Map<string, Commands>()
  for (const section of markdown.split(/^## /m).slice(1)) {
    const heading = section.slice(0, section.indexOf('\n'))
    const commands: Partial<Record<Purpose, string>> = {}
    for (const [, purpose = '', text = ''] of section.matchAll(/^```sh ?(.*)\n([\s\S]*?)^```$/gm)) {
      if (!isPurpose(purpose)) throw new Error(`${heading}: a block for ${JSON.stringify(purpose)}`)
      if (commands[purpose] !== undefined) throw new Error(`${heading}: two blocks for ${purpose}`)
      commands[purpose] = text
    }
    sections.set(heading, commands)
  }
  return sections
}

function isPurpose(text: string): text is Purpose {
  return ['build', 'install', 'start', 'ask'].includes(text)
}
