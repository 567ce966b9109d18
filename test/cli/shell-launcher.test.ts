import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/start-server.ts'

const launcher = fileURLToPath(new URL('../../bin/mqnamesrv', import.meta.url))

/** How `sh bin/mqnamesrv ARGS` starts Node in a folder whose name needs quotes: the title, if any, and what follows Node's options. */
function nodeStart(files: readonly string[], args: readonly string[]) {
  const home = join(temporaryFolder(), `rocket's "mq" $x`)
  for (const folder of ['bin', 'path']) mkdirSync(join(home, folder), { recursive: true })
  symlinkSync(launcher, join(home, 'bin/mqnamesrv'))
  for (const file of files) writeFileSync(join(home, 'bin', file), '')
  writeFileSync(join(home, 'path/node'), '#!/bin/sh\nprintf \'%s\\n\' "$@"\n', { mode: 0o755 })
  const env = { PATH: `${join(home, 'path')}:/usr/bin:/bin` }
  const { stdout } = spawnSync('sh', ['bin/mqnamesrv', ...args], { cwd: home, env, encoding: 'utf8' })
  const words = stdout.trimEnd().split('\n')
  return {
    title: words.find((word) => word.startsWith('--title=')),
    program: words.slice(words.indexOf('bin/mqnamesrv')),
  }
}

describe('sh bin/mqnamesrv', () => {
  it.each([
    ['without arguments', []],
    ['with options', ['-n', `a;b 'c' "d" $e`]],
  ])('in the folder of a RocketMQ release starts a server that mqshutdown finds: %s', (_, args) => {
    const title = `--title=mqnamesrv ${args.join(' ')}, for java org.apache.rocketmq.namesrv.NamesrvStartup`
    expect(nodeStart(['mqshutdown'], args)).toEqual({ title, program: ['bin/mqnamesrv', ...args] })
  })

  it('runs a command that mqshutdown does not find', () => {
    expect(nodeStart(['mqshutdown'], ['top', '-n', 'a'])).toEqual({
      title: undefined,
      program: ['bin/mqnamesrv', 'top', '-n', 'a'],
    })
  })

  it('says where it has searched for Node.js in vain', () => {
    const { status, stderr } = spawnSync('/bin/sh', [launcher, '-v'], {
      env: { PATH: '/nonexistent' },
      encoding: 'utf8',
    })
    expect(stderr).toBe(
      'mqnamesrv: node is not on the PATH (/nonexistent): install Node.js 20.19 or later, or add its folder\n',
    )
    expect(status).toBe(127)
  })

  it('elsewhere starts a server under its own name', () => {
    expect(nodeStart([], ['-p'])).toEqual({ title: undefined, program: ['bin/mqnamesrv', '-p'] })
  })
})
