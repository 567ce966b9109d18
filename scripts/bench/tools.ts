/** What the benchmark needs beside Node: a C compiler, Java, and the jars of the NameServer it compares with. */
import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildProgram } from '../build.mjs'
import { run } from './processes.ts'

/** The generator and the physical limit, compiled. */
export interface Binaries {
  readonly load: string
  readonly limit: string
}

/** Compiles both C programs into `workDir`. `CC` names another compiler than `cc`. */
export async function compile(sourceDir: string, workDir: string): Promise<Binaries> {
  const compiler = process.env['CC'] ?? 'cc'
  const build = async (name: string): Promise<string> => {
    const binary = join(workDir, name)
    await run(compiler, ['-O2', '-Wall', '-o', binary, join(sourceDir, `${name}.c`)]).catch(
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        throw new Error(
          `no C compiler: \`${compiler}\` was not found. The load generator is a C program; install gcc or clang, or name one in CC.`,
        )
      },
    )
    return binary
  }
  return { load: await build('load'), limit: await build('limit') }
}

/**
 * Builds this project's daemon into `workDir` and returns the folder to run it from. The work tree's own `dist/` is neither
 * trusted, since it may be older than the sources, nor touched.
 */
export async function buildOurs(root: string, workDir: string): Promise<string> {
  const app = join(workDir, 'app')
  rmSync(app, { recursive: true, force: true })
  await buildProgram(join(app, 'dist'))
  for (const part of ['bin', 'conf', 'package.json']) {
    const from = join(root, part)
    if (existsSync(from)) cpSync(from, join(app, part), { recursive: true })
  }
  return app
}

/** The jars of the published NameServer: the folder that was named, or one that Maven fills once by `pom.xml`. */
export async function javaLib(
  named: string | undefined,
  sourceDir: string,
  workDir: string,
): Promise<string> {
  const lib = named ?? join(workDir, 'java-lib')
  if (named === undefined && !existsSync(lib)) await copyJars(join(sourceDir, 'pom.xml'), lib)
  javaRelease(lib)
  return lib
}

async function copyJars(pom: string, lib: string): Promise<void> {
  // Renamed when complete, so that a broken download leaves no half folder for the next run to take.
  const partial = `${lib}.partial`
  rmSync(partial, { recursive: true, force: true })
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${partial}`]
  await run('mvn', ['--batch-mode', '--quiet', '--file', pom, ...goal]).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(
      '`mvn` was not found; name a folder with the NameServer jars by --java-lib or ROCKETMQ_LIB',
    )
  })
  renameSync(partial, lib)
}

/** Release of the NameServer in a lib folder, from the name of its jar; throws when there is none. */
export function javaRelease(lib: string): string {
  const jars = existsSync(lib) ? readdirSync(lib) : []
  const release = jars.map((jar) => /^rocketmq-namesrv-(\d[\w.-]*)\.jar$/.exec(jar)?.[1]).find(Boolean)
  if (release === undefined) throw new Error(`no rocketmq-namesrv jar in ${lib}`)
  return release
}

/** First line of `java -version`. */
export async function javaVersion(): Promise<string> {
  const { stderr, stdout } = await run('java', ['-version'])
  return (stderr + stdout).split('\n')[0] ?? ''
}
