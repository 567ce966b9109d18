/**
 * Checks that every fixture's bytes still say what its JSON says.
 *
 *     npx tsx scripts/capture/verify.ts [--folder test/fixtures] [--lib <folder of 5.5.0 jars>]
 *
 * With `--lib`, RocketMQ's own decoder reads the bytes as well and must agree. Exits with 1 when anything differs.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { decodeFrame, describeBody, type FrameHeader, sha256 } from './captured-frames.ts'
import { type FixtureJson, readHex } from './fixture-writer.ts'
import { JavaProcess } from './java-process.ts'

const { values } = parseArgs({
  options: { folder: { type: 'string', default: 'test/fixtures' }, lib: { type: 'string' } },
})
const folder = resolve(values.folder)
const hexFiles = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.hex'))
  .sort()
if (hexFiles.length === 0) throw new Error(`no fixtures in ${folder}`)

const problems: string[] = []
const check = (file: string, what: string, actual: unknown, expected: unknown): void => {
  if (isDeepStrictEqual(actual, expected)) return
  problems.push(`${file}: ${what} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`)
}
const expectedOf = (file: string): FixtureJson =>
  JSON.parse(readFileSync(join(folder, file.replace(/hex$/, 'json')), 'utf8'))

for (const file of hexFiles) {
  const { provenance, frame, ...body } = expectedOf(file)
  const decoded = decodeFrame(readHex(join(folder, file)))
  check(file, 'the header', decoded.frame, frame)
  check(file, 'the body', describeBody(decoded.body), body)
  check(file, 'the list of provenance fields', Object.keys(provenance), [
    'sender',
    'receiver',
    'command',
    'date',
  ])
}
if (values.lib) await compareWithJava(values.lib)

for (const problem of problems) process.stderr.write(`${problem}\n`)
process.stdout.write(`${hexFiles.length} fixtures, ${problems.length} differences\n`)
process.exitCode = problems.length === 0 ? 0 : 1

async function compareWithJava(lib: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'verify-'))
  const output = join(work, 'decoded')
  const java = new JavaProcess({
    release: { name: '5.5.0', lib: resolve(lib) },
    jvm: ['-Xmx256m'],
    main: fileURLToPath(new URL('./java/DecodeFrames.java', import.meta.url)),
    args: [output, ...hexFiles.map((file) => join(folder, file))],
    home: work,
    logFile: join(work, 'log'),
  })
  await java.finished()
  const lines = readFileSync(output, 'utf8').trimEnd().split('\n')
  rmSync(work, { recursive: true })
  check('java', 'the number of frames', lines.length, hexFiles.length)
  for (const [index, file] of hexFiles.entries()) {
    const { bodySha256, ...header } = JSON.parse(lines[index] ?? '{}') as FrameHeader & {
      bodySha256: string | null
    }
    const { body } = decodeFrame(readHex(join(folder, file)))
    const { frame } = expectedOf(file)
    check(file, "Java's header", header, frame)
    check(file, "Java's body", bodySha256, body.length === 0 ? null : sha256(body))
  }
}
