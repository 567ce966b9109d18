import { isUtf8 } from 'node:buffer'
import { type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readAccessFile } from '../../access/access-file.ts'
import type { SecretSource } from '../../access/account-reader.ts'
import type { ProfileName } from '../../access/policy.ts'
import type { RulePolicy } from '../../access/rule-policy.ts'
import type { FileNote } from '../../access/yaml-reader.ts'
import { counted } from '../../common/counted.ts'
import { describeErrno } from '../../common/describe-errno.ts'
import { readFileOrStream, readRegularFile } from '../config/read-file.ts'

/** Max bytes of an access file; the largest one in use has a few hundred rules. */
const MAX_FILE_BYTES = 1_048_576
/** Permission of all users to read. That of the group is how a file of root is given to the server. */
const READABLE_BY_ALL = 0o004
/** Permission of the group and of all users to write. */
const WRITABLE_BY_OTHERS = 0o022

/** An access file of the disk with everything that it names. */
export interface LoadedAccessFile {
  /** Undefined if there are problems. */
  readonly policy: RulePolicy | undefined
  /** Why the file cannot be used, one line each, with its place: `access.yml:3:5: …`. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** Files with secrets that it names. */
  readonly secretFiles: readonly string[]
}

/**
 * Reads an access file, and the secrets that it names. Never throws.
 *
 * @param profile - For a file without one.
 * @param env - Where the variables of `secretEnv` are.
 * @param notifyAccessKey - The account that signs notifications; default: none.
 * @param beforeRead - Is called with the path of each file before it is read.
 */
export function loadAccessFile(
  path: string,
  profile: ProfileName,
  env: Readonly<Record<string, string | undefined>>,
  notifyAccessKey = '',
  beforeRead: (path: string) => void = () => {},
): LoadedAccessFile {
  let text: string
  try {
    beforeRead(path)
    text = textOf(readFileOrStream(path, checkSize))
  } catch (error) {
    const problem = `${path}: cannot be read: ${describeErrno(error)}`
    return { policy: undefined, problems: [problem], warnings: [], secretFiles: [] }
  }
  const readSecret = ({ from, name }: SecretSource): string => {
    if (from === 'environment') {
      const secret = env[name]
      if (secret === undefined) throw new Error('is not set')
      return secret
    }
    const secretFile = secretPath(path, name)
    try {
      beforeRead(secretFile)
      return textOf(readRegularFile(secretFile, checkSize).bytes).trimEnd()
    } catch (error) {
      throw new Error(`cannot be read: ${describeErrno(error)}`)
    }
  }
  const { policy, problems, warnings, secretFiles, hasSecrets } = readAccessFile(text, {
    profile,
    readSecret,
    notifyAccessKey,
  })
  const secretPaths = secretFiles.map((name) => secretPath(path, name))
  const exposed = [...(hasSecrets ? [path] : []), ...secretPaths].filter((file) =>
    hasMode(file, READABLE_BY_ALL),
  )
  const writable = [path, ...secretPaths].filter((file) => hasMode(file, WRITABLE_BY_OTHERS))
  const placed = ({ line, column, message }: FileNote): string => `${path}:${line}:${column}: ${message}`
  return {
    policy,
    problems: problems.map(placed),
    warnings: [
      ...exposed.map((file) => `${file}: readable by all users, and has secrets; restrict its permissions`),
      ...writable.map((file) => `${file}: writable by other users; restrict its permissions`),
      ...warnings.map(placed),
    ],
    secretFiles: secretPaths,
  }
}

/** A relative path begins in the folder of the access file. */
function secretPath(accessFile: string, name: string): string {
  return resolve(dirname(accessFile), name)
}

/** @throws {Error} */
function checkSize({ size }: Stats): void {
  if (size > MAX_FILE_BYTES) throw new Error(`it has ${counted(size, 'byte')}, more than ${MAX_FILE_BYTES}`)
}

/** @throws {Error} Other encodings would become another text without a word: a secret that no signature matches. */
function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Error('it is not text in UTF-8')
  return bytes.toString()
}

/** Whether a file has one of these permissions. */
function hasMode(path: string, permissions: number): boolean {
  try {
    return (statSync(path).mode & permissions) !== 0
  } catch {
    return false
  }
}
