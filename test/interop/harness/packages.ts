import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf, once, requireTool, run } from './prepare.ts'
import { interopRoot, workRoot } from './work-folder.ts'

/** The releases of Apache RocketMQ whose brokers, clients and tools are used: of 5.x, and the last whole 4.x. */
export const releases = ['5.5.0', '5.4.0', '5.3.3', '4.9.7'] as const
/** The newest and the oldest of them, where two must do. */
export const outerReleases = ['5.5.0', '4.9.7'] as const
export type Release = (typeof releases)[number]

/** Class path of a release: our own small programs, and everything Maven brought. Needs {@link preparePackages}. */
export function classPath(release: Release): string {
  return [programsJar(release), join(libFolder(release), '*')].join(':')
}

/** Archive of the classes of a release as the virtual machine loaded them once; see `archiveClasses`. */
export function classArchive(release: Release): string {
  return join(programsFolder(release), 'classes.jsa')
}

/**
 * Brings the packages of every release and compiles the Java programs of the suite; what is there already is kept, so
 * only the first run needs Maven, and it needs the network only for what the local Maven cache lacks.
 *
 * @throws {Error} naming what is missing, if Java or Maven is.
 */
export function preparePackages(): void {
  requireTool('java', '-version', 'a Java runtime, 11 or newer')
  requireTool('javac', '-version', 'a Java compiler (a JDK, not a JRE)')
  for (const release of releases) {
    copyDependencies(release)
    compile(release)
  }
}

/** Folder of everything Maven brought of a release. */
export function libFolder(release: Release): string {
  return join(workRoot, release, 'lib')
}

function programsFolder(release: Release): string {
  return join(workRoot, release, 'programs')
}

/** Java archives classes of jars only, not those of folders. */
function programsJar(release: Release): string {
  return join(programsFolder(release), 'programs.jar')
}

function pomOf(release: Release): string {
  return join(interopRoot, 'harness', `pom-${release}.xml`)
}

function copyDependencies(release: Release): void {
  const pom = pomOf(release)
  const lib = libFolder(release)
  once(lib, hashOf([pom]), () => {
    requireTool('mvn', '-version', 'Apache Maven')
    const goal = ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`]
    try {
      run('mvn', ['-o', ...goal])
    } catch (offline) {
      try {
        run('mvn', goal)
      } catch (online) {
        throw new AggregateError(
          [offline, online],
          `Maven could not copy the packages of RocketMQ ${release}, from its cache or from the network:\n${online}`,
        )
      }
    }
  })
}

function compile(release: Release): void {
  const folder = join(interopRoot, 'java')
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.java'))
    .map((name) => join(folder, name))
  const programs = programsFolder(release)
  const classes = join(programs, 'classes')
  once(programs, hashOf([pomOf(release), ...sources]), () => {
    run('javac', ['-nowarn', '-cp', join(libFolder(release), '*'), '-d', classes, ...sources])
    run('jar', ['cf', programsJar(release), '-C', classes, '.'])
  })
}
