import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseJavaProperties } from '../../src/namesrv/config/java-properties.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** Every page that users or contributors read, and the templates that they fill in; paths below {@link root}. */
export const PAGES: readonly string[] = ['', 'docs/', 'deploy/', 'scripts/', '.github/']
  .flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: folder !== '', encoding: 'utf8' }).map(
      (name) => `${folder}${name}`,
    ),
  )
  .filter((path) => path.endsWith('.md') || path.startsWith('.github/ISSUE_TEMPLATE/'))
  .sort()

/** A block between fences. */
export interface Block {
  readonly page: string
  /** The first word behind the fence; empty without one. */
  readonly language: string
  /** The second word, which says what `npm run newcomer` does with it; empty without one. */
  readonly purpose: string
  readonly content: string
}

export function textOf(page: string): string {
  return readFileSync(`${root}${page}`, 'utf8')
}

const BLOCK = /^ *```(\w*)(?: (\w+))?\n(.*?)^ *```$/gms

/** The blocks of a page, in their order. */
export function blocksOf(page: string): Block[] {
  return [...textOf(page).matchAll(BLOCK)].map(([, language = '', purpose = '', content = '']) => ({
    page,
    language,
    purpose,
    content,
  }))
}

/** The code within the sentences and tables of a page: what stands between single backticks. */
export function inlineCodeOf(page: string): string[] {
  return [
    ...textOf(page)
      .replaceAll(BLOCK, '')
      .matchAll(/`([^`\n]+)`/g),
  ].map(([, code = '']) => code)
}

/** The content of the one block of a page in this language that has the text. @throws {Error} None has it, or more than one. */
export function blockOf(page: string, language: string, part = ''): string {
  const found = blocksOf(page).filter((each) => each.language === language && each.content.includes(part))
  const [{ content } = { content: '' }] = found
  if (found.length !== 1)
    throw new Error(`${page}: ${found.length} blocks of ${language} have ${JSON.stringify(part)}`)
  return content
}

/**
 * The keys of such a block, with the values of `others` in place of its own.
 * @throws {Error} The block does not have a key of `others`.
 */
export function keysOf(
  content: string,
  others: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const keys = Object.fromEntries(
    [...parseJavaProperties(Buffer.from(content))].map(([name, { value }]) => [name, value]),
  )
  for (const name of Object.keys(others))
    if (!Object.hasOwn(keys, name)) throw new Error(`there is no key ${name}`)
  return { ...keys, ...others }
}
