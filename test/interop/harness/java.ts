import { existsSync } from 'node:fs'
import { classArchive, classPath, type Release } from './packages.ts'

/** The first compiler alone and a plain collector: these programs live for seconds, on few cores. */
const QUICK_START = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']
/** Without it every server makes an RSA key for each of its ports, which is most of the CPU time of its start. */
const NO_TLS = '-Dtls.server.mode=disabled'

export interface JavaOptions {
  readonly release: Release
  readonly mainClass: string
  readonly maxHeap: string
  /** System properties and other options of the virtual machine. Servers use TLS only if one begins with `-Dtls.`. */
  readonly options?: readonly string[]
  readonly args: readonly string[]
}

/** Arguments of `java`; logs and default stores of the program go below `home`. */
export function javaArguments(
  home: string,
  { release, mainClass, maxHeap, options = [], args }: JavaOptions,
): string[] {
  const archive = classArchive(release)
  return [
    ...QUICK_START,
    ...(existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : []),
    `-Xmx${maxHeap}`,
    `-Duser.home=${home}`,
    ...(options.some((option) => option.startsWith('-Dtls.')) ? [] : [NO_TLS]),
    ...options,
    '-cp',
    classPath(release),
    mainClass,
    ...args,
  ]
}

/** Text of a `.properties` file; the values of this suite need no escapes. */
export function propertiesText(properties: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
