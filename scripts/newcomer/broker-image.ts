/**
 * Makes a stand-in for Apache's image of RocketMQ where no image registry can be reached: its packages from Maven Central and this
 * machine's Java, with the user, the folders, the programs and the variables of that image as far as compose.yaml can tell.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requireCommands } from '../image/commands.ts'
import type { Machine } from './machine.ts'

/** Of what brokers and their tools use; `java.se` has the rest. */
const JAVA_MODULES = 'java.se,jdk.crypto.ec,jdk.management,jdk.unsupported,jdk.zipfs'

/** The programs that compose.yaml and docs/container.md name, by their main classes. */
const PROGRAMS = {
  mqbroker: 'org.apache.rocketmq.broker.BrokerStartup',
  mqadmin: 'org.apache.rocketmq.tools.command.MQAdminStartup',
} as const

/**
 * @param name - The name of the image; its tag is the release, one of those of the interop tests, whose packages it has.
 * @param base - The name of an image of Debian.
 */
export async function makeBrokerImage(machine: Machine, name: string, base: string): Promise<void> {
  requireCommands(['mvn', 'jlink'])
  const release = name.slice(name.indexOf(':') + 1)
  const folder = machine.emptyFolder()
  const pom = fileURLToPath(new URL(`../../test/interop/harness/pom-${release}.xml`, import.meta.url))
  const lib = join(folder, 'rocketmq', 'lib')
  await machine.run(`mvn -q -B -f '${pom}' dependency:copy-dependencies -DoutputDirectory='${lib}'`, folder)
  await machine.run(
    `jlink --add-modules ${JAVA_MODULES} --strip-debug --no-man-pages --no-header-files --output java`,
    folder,
  )
  // Its reports of how it is set up would be most of what the programs print.
  writeFileSync(join(folder, 'rocketmq', 'rmq.logback.xml'), '<configuration/>\n')
  const bin = join(folder, 'rocketmq', 'bin')
  mkdirSync(bin)
  for (const [program, main] of Object.entries(PROGRAMS)) {
    const file = join(bin, program)
    writeFileSync(file, `exec java $JAVA_OPT_EXT -cp "$ROCKETMQ_HOME:$ROCKETMQ_HOME/lib/*" ${main} "$@"\n`)
    chmodSync(file, 0o755)
  }
  const home = `/home/rocketmq/rocketmq-${release}`
  const lines = [
    `FROM ${base}`,
    'RUN groupadd --gid 3000 rocketmq && useradd --uid 3000 --gid 3000 --create-home rocketmq',
    'COPY java /opt/java',
    `COPY --chown=3000:3000 rocketmq ${home}`,
    `ENV ROCKETMQ_HOME=${home} PATH=/opt/java/bin:$PATH`,
    'USER rocketmq',
    `WORKDIR ${home}/bin`,
  ]
  writeFileSync(join(folder, 'Dockerfile'), lines.join('\n'))
  await machine.run(`docker build --tag '${name}' .`, folder)
}
