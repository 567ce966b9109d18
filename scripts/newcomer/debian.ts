/** What systemd, logrotate and an administrator do with the installed Debian package, where systemd does not run. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { canConnect } from '../support/ports.ts'
import type { Machine } from './machine.ts'

const UNIT = '/lib/systemd/system/mqnamesrv.service'
const CONFIGURATION = '/etc/mqnamesrv/namesrv.properties'
const LOG = '/var/log/mqnamesrv/namesrv.log'
const START_LIMIT_MS = 30_000
const POLL_MS = 50

/** A limit on what `systemd-analyze security` finds: 10 is a service without any restriction. */
const MAX_EXPOSURE = 2

function output(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** @throws {Error} if the package is installed already: it is the machine's own. */
export function assertNotInstalled(): void {
  assert(process.getuid?.() === 0, 'installs a Debian package: run it as root')
  assert(
    !existsSync('/var/lib/dpkg/info/mqnamesrv.list'),
    'the package mqnamesrv is installed here; purge it first',
  )
}

/** The unit file is valid, and the service has no more than it needs. */
export function checkUnit(): string {
  output('systemd-analyze', 'verify', UNIT)
  const [, exposure = ''] =
    /exposure level for \S+: ([\d.]+)/.exec(output('systemd-analyze', 'security', '--offline=true', UNIT)) ??
    []
  assert(Number(exposure) <= MAX_EXPOSURE, `exposure ${exposure}, more than ${MAX_EXPOSURE}`)
  return `exposure ${exposure} of 10`
}

/** Starts the server as systemd would: the ExecStart line, as its user, with a log file. */
export async function startService(machine: Machine): Promise<ChildProcess> {
  // Where systemd runs, the installation has started the service, which has the same state.
  if (existsSync('/run/systemd/system')) output('systemctl', 'stop', 'mqnamesrv')
  await machine.takePorts()
  const unit = readFileSync(UNIT, 'utf8')
  const value = (name: string): string => {
    const [, text] = new RegExp(`^${name}=(.*)$`, 'm').exec(unit) ?? []
    assert(text !== undefined, `the unit has no ${name}`)
    return text
  }
  const [program = '', ...args] = value('ExecStart')
    .split(' ')
    .filter((word) => word !== '$DAEMON_OPTS')
  const user = ['--reuid', value('User'), '--regid', value('Group'), '--clear-groups', '--no-new-privs']
  const { MQNAMESRV_USER_HOME: _, ...env } = machine.env
  const child = spawn('setpriv', [...user, program, ...args], {
    cwd: '/',
    env: { ...env, HOME: '/var/lib/mqnamesrv', MQNAMESRV_LOG_PATH: LOG },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await until(() => canConnect(machine.port), child)
  return child
}

async function until(isDone: () => boolean | Promise<boolean>, child: ChildProcess): Promise<void> {
  const endMs = performance.now() + START_LIMIT_MS
  while (!(await isDone())) {
    assert(child.exitCode === null && performance.now() < endMs, `failed:\n${logText()}`)
    await delay(POLL_MS)
  }
}

function logText(): string {
  return existsSync(LOG) ? readFileSync(LOG, 'utf8') : ''
}

/** The log is renamed, as logrotate does, and opened again by the signal that it sends. */
export async function rotate(child: ChildProcess): Promise<string> {
  output('logrotate', '--debug', '/etc/logrotate.d/mqnamesrv')
  renameSync(LOG, `${LOG}.1`)
  child.kill('SIGHUP')
  await until(() => logText().includes('log file reopened'), child)
  return `${LOG} written again after SIGHUP`
}

export async function stopService(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  assert(existsSync('/var/lib/mqnamesrv/namesrv'), 'the state is not in /var/lib/mqnamesrv')
}

/** Installs a newer version over this one: what the administrator changed stays. */
export function upgrade(machine: Machine, file: string): string {
  const tree = join(machine.emptyFolder(), 'tree')
  output('dpkg-deb', '-R', file, tree)
  const control = join(tree, 'DEBIAN', 'control')
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, '$&+newcomer'))
  const newer = join(machine.emptyFolder(), 'newer.deb')
  output('dpkg-deb', '-Znone', '-b', tree, newer)
  appendFileSync(CONFIGURATION, 'maxTopics=4321\n')
  output('dpkg', '-i', newer)
  assert.match(readFileSync(CONFIGURATION, 'utf8'), /^maxTopics=4321$/m)
  assert.match(output('mqnamesrv', 'config', 'check', CONFIGURATION), /is valid/)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of dpkg-query.
  const version = output('dpkg-query', '-W', '-f', '${Version}', 'mqnamesrv')
  assert.match(version, /\+newcomer$/)
  return `${version}, ${CONFIGURATION} kept`
}

/** Removed, it leaves configuration and state; purged, nothing. */
export function removeAndPurge(): string {
  const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined
  output('dpkg', '-r', 'mqnamesrv')
  assert(!isThere('/usr/bin/mqnamesrv') && isThere(CONFIGURATION) && isThere('/var/lib/mqnamesrv'))
  output('dpkg', '-P', 'mqnamesrv')
  const left = [
    '/etc/mqnamesrv',
    '/etc/default/mqnamesrv',
    '/var/lib/mqnamesrv',
    '/var/log/mqnamesrv',
  ].filter(isThere)
  assert.deepEqual(left, [])
  return 'nothing left'
}
