import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../scripts/support/ports.ts'
import { ChildProgram } from './child-program.ts'
import { projectRoot } from './work-folder.ts'

export interface Prometheus {
  /** The data of a response of its HTTP API. @param path - Behind `/api/v1/`. */
  ask(path: string): Promise<unknown>
  /** The value of a query with one result; undefined without one. */
  value(query: string): Promise<number | undefined>
  readonly program: ChildProgram
}

/** Debian's Prometheus, which scrapes a NameServer once a second and evaluates the alert rules. @param target - `host:port` */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const url = `127.0.0.1:${await freePort()}`
  const program = new ChildProgram({
    name: 'prometheus',
    command: 'prometheus',
    args: (home) => {
      copyFileSync(join(projectRoot, 'conf/observability/alerts.yml'), join(home, 'alerts.yml'))
      const job = { job_name: 'rocketmq-nameserver', static_configs: [{ targets: [target] }] }
      const config = {
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: ['alerts.yml'],
        scrape_configs: [job],
      }
      // JSON is YAML.
      writeFileSync(join(home, 'prometheus.yml'), JSON.stringify(config))
      const data = `--storage.tsdb.path=${join(home, 'data')}`
      return [`--config.file=${join(home, 'prometheus.yml')}`, data, `--web.listen-address=${url}`]
    },
  })
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://${url}/api/v1/${path}`)
    return ((await response.json()) as { readonly data: unknown }).data
  }
  const value = async (query: string): Promise<number | undefined> => {
    const data = (await ask(`query?query=${encodeURIComponent(query)}`)) as {
      readonly result: readonly { readonly value: readonly [number, string] }[]
    }
    const text = data.result[0]?.value[1]
    return text === undefined ? undefined : Number(text)
  }
  await program.until('it responds', async () => (await fetch(`http://${url}/-/ready`)).ok)
  return { ask, value, program }
}

/** What `promtool` says. @returns Its exit code and its output. */
export async function promtool(
  args: readonly string[],
  input = '',
): Promise<{ code: number; output: string }> {
  const child = spawn('promtool', args, { stdio: 'pipe' })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number]
  return { code, output }
}
