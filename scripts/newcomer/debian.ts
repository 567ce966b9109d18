/** What an administrator, systemd and logrotate do with the Debian package. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { requireCommands } from '../image/commands.ts'
import type { Machine } from './machine.ts'
import type { Commands, Newcomer } from './paths.ts'
import { SystemdContainer } from './systemd-container.ts'

const UNIT = '/lib/systemd/system/mqnamesrv.service'
const CONFIGURATION = '/etc/mqnamesrv/namesrv.properties'
const STATE = '/var/lib/mqnamesrv'
const LOG = '/var/log/mqnamesrv/namesrv.log'
const PAGE = 'http://127.0.0.1:8876/'

/** A limit on what `systemd-analyze security` finds: 10 is a service without any restriction. */
const MAX_EXPOSURE = 2

/** systemd's own limit is five starts in ten seconds. */
const CRASHES = 6

/** Until the server listens after a start, or has done what a signal asks for. */
const WAIT_SECONDS = 30

/**
 * Installs the package in a container that runs systemd, and does with it what docs/quick-start.md says.
 * @param folder - An empty one but for `file`.
 * @param file - The package.
 */
export async function takeDeb(
  { machine: outer, step }: Newcomer,
  commands: Commands,
  { folder, file }: { readonly folder: string; readonly file: string },
): Promise<void> {
  requireCommands(['logrotate', 'curl', 'systemd-analyze'])
  const container = await step('a container that runs systemd', () => SystemdContainer.start(outer.folder))
  const machine = outer.within(container)
  const run = (text: string): Promise<string> => machine.run(text, folder)
  const until = (command: string): Promise<string> =>
    run(`timeout ${WAIT_SECONDS} sh -c 'until ${command}; do sleep 0.1; done' 2>&1 >/dev/null`)
  const property = async (name: string): Promise<string> =>
    (await run(`systemctl show --property=${name} --value mqnamesrv`)).trim()
  try {
    await step(commands('install'), () => run(commands('install')))
    await step('the service runs as its user, and starts at each boot', async () => {
      await run('systemctl is-enabled mqnamesrv; systemctl is-active mqnamesrv')
      assert.equal((await run(`ps -o user= -p ${await property('MainPID')}`)).trim(), 'mqnamesrv')
      await until('mqnamesrv ping')
    })
    await step('the unit file', () => checkUnit(run))
    await step(commands('ask'), () => run(commands('ask')))
    await step('the page', async () => {
      const [script] = /assets\/app\.\w+\.js/.exec(await run(`curl --fail --silent ${PAGE}`)) ?? []
      assert(script !== undefined, 'the page has no script')
      await run(`curl --fail --silent --output /dev/null ${PAGE}${script}`)
    })
    await step('it keeps its state, and its configuration is read-only for it', async () => {
      await run('mqnamesrv kv set newcomer key value -y')
      await run(`test -f ${STATE}/namesrv/kvConfig.json`)
      await assert.rejects(run('mqnamesrv config set enableTopicList=false -y'), /read-only|EROFS/i)
    })
    await step('a restart puts a change into effect', async () => {
      await run(`echo maxTopics=4321 >> ${CONFIGURATION}; mqnamesrv config check ${CONFIGURATION}`)
      await run('systemctl restart mqnamesrv')
      await until('mqnamesrv ping')
      assert.match(await run('mqnamesrv config get maxTopics'), /4321/)
    })
    await step('it is started again after each crash', async () => {
      for (let crash = 0; crash < CRASHES; crash += 1) {
        const pid = await property('MainPID')
        await run(`kill -KILL ${pid}`)
        await until(`systemctl show --property=MainPID --value mqnamesrv | grep -qvx "0\\|${pid}"`)
      }
      await until('mqnamesrv ping')
      assert.match(await run('mqnamesrv kv get newcomer key'), /value/)
    })
    await step('logrotate', async () => {
      await run(`echo MQNAMESRV_LOG_PATH=${LOG} >> /etc/default/mqnamesrv; systemctl restart mqnamesrv`)
      await until(`grep -q "boot success" ${LOG}`)
      await run('logrotate --force /etc/logrotate.d/mqnamesrv')
      await until(`grep -q "log file reopened" ${LOG}`)
    })
    await step('upgrade', async () => {
      const newer = await newerPackage(outer, file)
      const pid = await property('MainPID')
      await run(`dpkg -i '${newer}'`)
      assert.match(await run(`grep maxTopics= ${CONFIGURATION}`), /^maxTopics=4321$/m)
      assert.notEqual(await property('MainPID'), pid)
      await until('mqnamesrv ping')
    })
    await step('systemctl stop', async () => {
      await run('systemctl stop mqnamesrv')
      assert.deepEqual([await property('Result'), await property('ExecMainStatus')], ['success', '0'])
    })
    await step('apt-get remove keeps configuration and state', async () => {
      await run('systemctl start mqnamesrv; apt-get remove -y mqnamesrv')
      const active = await run('systemctl is-active mqnamesrv || true; command -v mqnamesrv || true')
      assert.equal(active.trim(), 'inactive')
      await run(`test -f ${CONFIGURATION}; test -f ${STATE}/namesrv/kvConfig.json`)
    })
    await step('apt-get purge leaves nothing', async () => {
      await run('apt-get purge -y mqnamesrv')
      const left = await run(
        `ls -d /etc/mqnamesrv /etc/default/mqnamesrv ${STATE} ${LOG} ${UNIT} 2>/dev/null || true`,
      )
      assert.equal(left, '')
    })
  } finally {
    await container.end()
  }
}

/** The unit file is valid, and the service has no more than it needs. */
async function checkUnit(run: (text: string) => Promise<string>): Promise<void> {
  await run(`systemd-analyze verify ${UNIT}`)
  const security = await run(`systemd-analyze security --offline=true ${UNIT}`)
  const [, exposure] = /exposure level for \S+: ([\d.]+)/.exec(security) ?? []
  assert(Number(exposure) <= MAX_EXPOSURE, `exposure ${exposure}, more than ${MAX_EXPOSURE}`)
}

/** The package as a newer version. */
async function newerPackage(machine: Machine, file: string): Promise<string> {
  const folder = machine.emptyFolder()
  const newer = join(folder, 'newer.deb')
  await machine.run(
    `dpkg-deb -R '${file}' tree && sed -i 's/^Version: .*/&+newcomer/' tree/DEBIAN/control && dpkg-deb -Znone -b tree '${newer}'`,
    folder,
  )
  return newer
}
