import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

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
