import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Prepares a folder for `ROCKETMQ_HOME`: 4.9.x programs do not start without their logging configuration. */
export function prepareHome(home: string): void {
  const conf = join(home, 'conf')
  mkdirSync(conf, { recursive: true })
  for (const part of ['namesrv', 'broker', 'tools']) {
    writeFileSync(join(conf, `logback_${part}.xml`), '<configuration/>\n')
  }
}
