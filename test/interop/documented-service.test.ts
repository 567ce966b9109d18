import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { blockOf } from '../../scripts/support/markdown-pages.ts'
import { registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { freePort } from './harness/broker-ports.ts'
import { ChildProgram } from './harness/child-program.ts'
import { until } from './harness/wait-until.ts'
import { newHome, projectRoot } from './harness/work-folder.ts'

/** What the machine has not, or must not do: it says with which words it was called. */
const STUB = '#!/bin/sh\necho "$(basename "$0") $*"\n'

test("The commands of docs/operations.md and docs/migrate.md install a service that serves, with the state of Java's NameServer", async () => {
  const other = await startServer()
  await (await other.connect()).request(registration({ topics: ['Orders', 'TopicTest'] }))
  const { home } = newHome('documented-service')
  for (const name of ['bin', 'conf', 'namesrv']) mkdirSync(join(home, name))
  for (const name of ['systemctl', 'apt-get']) writeFileSync(join(home, 'bin', name), STUB, { mode: 0o755 })
  const program = '#!/bin/sh\nexec /opt/mqnamesrv/bin/mqnamesrv "$@"\n'
  writeFileSync(join(home, 'mqnamesrv'), program)
  const port = await freePort()
  const keys = { bindAddress: '127.0.0.1', listenPort: port, httpListenPort: 0 }
  const properties = Object.entries(keys).map(([key, value]) => `${key}=${value}\n`)
  writeFileSync(join(home, 'conf/namesrv.properties'), properties.join(''))
  const entry = '{"configTable":{"ORDER_TOPIC_CONFIG":{"TopicTest":"broker-a:4"}}}'
  writeFileSync(join(home, 'namesrv/kvConfig.json'), entry)
  const block = (page: string, part: string): string =>
    blockOf(page, 'sh', part)
      .replaceAll('10.0.0.2:9876', `127.0.0.1:${other.port}`)
      .replaceAll('routes-9876', `routes-${port}`)
      // A container may not raise it.
      .replace('ulimit -n 65536', 'ulimit -n 1024')
  const [start = '', stop = ''] = block('docs/operations.md', 'start-stop-daemon --start').split(
    /(?=^start.* --stop)/m,
  )
  // A copy, because only its owner may be able to read a checkout.
  const packages = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: projectRoot })
  const [, ...folders] = `${packages}`.trimEnd().split('\n')
  const installed = [
    'bin',
    'dist',
    'package.json',
    ...folders.map((folder) => relative(projectRoot, folder)),
  ].join(' ')
  // What these folders get is in a memory of this namespace, and lost with it.
  const script = `
set -e
mount -t tmpfs tmpfs /mnt
for folder in etc usr/bin usr/local/bin opt var; do
  mkdir -p /mnt/$folder/upper /mnt/$folder/work
  mount -t overlay overlay -o lowerdir=/$folder,upperdir=/mnt/$folder/upper,workdir=/mnt/$folder/work /$folder
done
mount -t tmpfs tmpfs /run
sed -i '/^mqnamesrv:/d' /etc/passwd /etc/group /etc/shadow /etc/gshadow
mkdir -p /opt/mqnamesrv && (cd '${projectRoot}' && cp -R --parents ${installed} /opt/mqnamesrv)
chmod -R a+rX /opt/mqnamesrv
touch /usr/local/bin/node && mount --bind '${process.execPath}' /usr/local/bin/node
cp '${projectRoot}/deploy/debian/mqnamesrv.service' '${home}'
cd '${home}'
export HOME='${home}' PATH='${home}/bin':/usr/local/bin:"$PATH" NAMESRV_ADDR=127.0.0.1:${port}
${block('docs/operations.md', 'useradd')}
${block('docs/migrate.md', 'systemctl mask')}
${block('docs/migrate.md', 'systemctl unmask')}
${start}
timeout 60 sh -c 'until mqnamesrv ping >/dev/null 2>&1; do sleep 0.1; done'
echo "user $(ps -o user= -p "$(cat /run/mqnamesrv.pid)"), topics $(mqnamesrv topic list -o name | xargs)"
mqnamesrv kv get ORDER_TOPIC_CONFIG TopicTest -o name
${stop}
ls /var/log/mqnamesrv
`
  writeFileSync(join(home, 'service.sh'), script)
  const service = new ChildProgram({
    name: 'documented-service',
    command: 'unshare',
    args: () => [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      join(home, 'service.sh'),
    ],
    env: { PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
  })
  await until('it has ended', () => service.end !== undefined, { timeoutMs: 240_000 })
  expect(service.lines.filter((line) => /^(?:systemctl|apt-get|user|ORDER|namesrv\.log)/.test(line))).toEqual(
    [
      'systemctl enable --now mqnamesrv',
      'systemctl mask mqnamesrv',
      'apt-get install -y ./mqnamesrv_*.deb',
      'systemctl unmask mqnamesrv',
      'systemctl enable --now mqnamesrv',
      'user mqnamesrv, topics Orders TopicTest',
      'ORDER_TOPIC_CONFIG/TopicTest',
      'namesrv.log',
    ],
  )
  expect(service.end).toBe('exit code 0')
}, 300_000)
