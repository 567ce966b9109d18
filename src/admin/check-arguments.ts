import { hintFor } from '../common/nearest-name.ts'
import { shownValue } from '../common/shown-value.ts'
import { AdminError } from './admin-error.ts'

/**
 * Checks what JavaScript lets pass: a misspelt `cluster` would be no restriction.
 * @param what - What they are, for the error: `createAdmin: the options`.
 * @param path - In front of the names in errors: `tls.`.
 * @throws {AdminError} `usage`: they are no object, or have an option of another name.
 */
export function checkOptions(what: string, options: unknown, names: readonly string[], path = ''): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new AdminError('usage', `${what} must be an object, not ${shownValue(options)}`)
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown === undefined) return
  const [caller] = what.split(':')
  throw new AdminError(
    'usage',
    `${caller}: no option ${JSON.stringify(path + unknown)}${hintFor(unknown, names)}`,
  )
}

/**
 * Checks arguments that must be strings: requests would carry `undefined` as a name.
 * @param caller - The method, for the error.
 * @throws {AdminError} `usage`, with the name of the argument.
 */
export function checkTexts(caller: string, texts: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(texts))
    if (typeof value !== 'string')
      throw new AdminError('usage', `${caller}: ${name} must be a string, not ${shownValue(value)}`)
}

/** The same for names, which are never empty. @throws {AdminError} `usage` */
export function checkNames(caller: string, names: Readonly<Record<string, unknown>>): void {
  checkTexts(caller, names)
  for (const [name, value] of Object.entries(names))
    if (value === '') throw new AdminError('usage', `${caller}: ${name} is empty`)
}
