import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { servedDocument } from '../../scripts/docs/http-api.ts'
import { blocksOf, inlineCodeOf, PAGES } from '../../scripts/support/markdown-pages.ts'
import { CommandError } from '../../src/cli/command-error.ts'
import { parseCommandLine } from '../../src/cli/daemon/command-line.ts'
import { parseCommand } from '../../src/cli/parse.ts'
import { nearestName } from '../../src/common/nearest-name.ts'
import { loadAccessFile } from '../../src/namesrv/access/load-access-file.ts'
import { variableOf } from '../../src/namesrv/config/config-key.ts'
import { CONFIG_KEYS, CONFIG_NAMES, findConfigKey } from '../../src/namesrv/config/config-keys.ts'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { temporaryFolder } from '../support/start-server.ts'

const { paths } = await servedDocument()
const served = Object.keys(paths).map((path) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`))

/** Keys of brokers, clients and tools, members of requests and of other files, and variables of scripts: they are not set here. */
const SET_ELSEWHERE = [
  ...['brokerId', 'forceRegister', 'compressed', 'compressedRegister', 'enableSplitRegistration', 'changed'],
  ...['enableControllerMode', 'enableSlaveActingMaster', 'acceptStandardJsonOnly', 'autoCreateTopicEnable'],
  ...['sort', 'state', 'name', 'node_type'],
  ...['INTEROP_SUBJECT', 'AUDIT_REQUIRED', 'DOCKER_BUILDKIT', 'MALLOC_MMAP_THRESHOLD_', 'KV_KILLS'],
  ...['serviceMonitor.enabled'],
]
/** Rejected by the start, as the pages say. */
const REJECTED = ['enableControllerInNamesrv=true']
/** Words that are near to a key, and none. */
const NO_KEYS: readonly string[] = ['MQNAMESRV_PORT', 'newTopics']

const NPM_COMMANDS = ['audit', 'ci', 'install', 'pack', 'run', 'test', 'uninstall']

/** Arguments that a sentence leaves out, because it only names the command. */
const LEFT_OUT = [
  [],
  ['x'],
  ['x', 'x'],
  ['--code', '105', '--from', '10.0.0.1'],
  ['9', '--address', '10.0.0.1:1'],
]

function expectValid(words: readonly string[]): void {
  if (words[0] === undefined || words[0].startsWith('-')) {
    expect(parseCommandLine(words, '1.0.0')).toBeDefined()
    return
  }
  const problems = LEFT_OUT.map((rest) => {
    try {
      parseCommand([...words, ...rest])
      return ''
    } catch (error) {
      return error instanceof CommandError ? error.message : String(error)
    }
  })
  expect(problems.includes('') ? '' : problems[0], words.join(' ')).toBe('')
}

describe.each(PAGES.filter((page) => inlineCodeOf(page).length > 0))(
  'the code in the sentences of %s',
  (page) => {
    const codes = inlineCodeOf(page)

    test('sets keys that exist to valid values', () => {
      const pairs = codes.flatMap((code) => {
        const [, name = '', value = ''] = /^([A-Za-z_][\w.]*)=(\S+)$/.exec(code) ?? []
        return name === '' || SET_ELSEWHERE.includes(name) || REJECTED.includes(code) ? [] : [[name, value]]
      })
      for (const [name = '', value = ''] of pairs) {
        const isVariable = name.startsWith('MQNAMESRV_')
        const file = { path: page, bytes: Buffer.from(isVariable ? '' : `${name}=${value}\n`) }
        const env = isVariable ? { [name]: value } : {}
        const { notices } = Configuration.resolve({ file, env, homeDirectory: '/home/user', processors: 2 })
        expect(notices.filter(({ level }) => level === 'warn')).toEqual([])
      }
    })

    test('has command lines that are valid, but for arguments that are left out', () => {
      for (const code of codes) {
        const [, text] =
          /^(?:npx |(?:\.\/|bin\/))?mqnamesrv((?: .*)?)$/.exec(code.replace(/ [>|] .*/, '')) ?? []
        if (text === undefined) continue
        const alternatives = /\S+\|\S+/.exec(text)?.[0].split('|') ?? ['']
        for (const each of alternatives) expectValid(text.replace(/\S+\|\S+/, each).match(/[^\s"']+/g) ?? [])
      }
    })

    test('has rules that an access file may have', () => {
      const rules = codes.filter((code) => code.startsWith('- {'))
      const file = join(temporaryFolder(), 'access.yml')
      writeFileSync(file, ['rules:', ...rules].join('\n  '), { mode: 0o600 })
      if (rules.length > 0) expect(loadAccessFile(file, 'default', {}).problems).toEqual([])
    })

    test('misspells no key and no variable of the configuration', () => {
      const variables = CONFIG_KEYS.map(({ name }) => variableOf(name))
      const words = codes.filter((code) => /^(?:[a-z]+[A-Z]\w*|tls\.[\w.]+|MQNAMESRV_\w+)$/.test(code))
      const near = words.filter((word) => {
        if (NO_KEYS.includes(word) || findConfigKey(word) !== undefined || variables.includes(word))
          return false
        return nearestName(word, word.startsWith('MQNAMESRV_') ? variables : CONFIG_NAMES) !== undefined
      })
      expect(near).toEqual([])
    })

    test('names paths of the HTTP port that are served', () => {
      const named = codes.filter((code) =>
        /^\/(?:api\/v1\/\w|metrics|livez|readyz|version|rocketmq)[^\s…<]*$/.test(code),
      )
      const unknown = named.filter((code) => !served.some((path) => path.test(code.replace(/\?.*/, ''))))
      expect(unknown).toEqual([])
    })

    test('names commands of npm and scripts of package.json', () => {
      const shell = blocksOf(page).filter(({ language }) => language === 'sh' || language === 'shell')
      const texts = [...codes, ...shell.map(({ content }) => content)]
      const named = texts.flatMap((text) => [...text.matchAll(/\bnpm run (?:-s |--silent )?([\w:-]+)/g)])
      const verbs = texts.flatMap((text) => [...text.matchAll(/(?:^|`|&& )npm ([a-z]\w*)/gm)])
      for (const [line, verb = ''] of verbs) expect(NPM_COMMANDS, line).toContain(verb)
      const unknown = named
        .map(([, name = '']) => name)
        .filter((name) => !Object.hasOwn(packageJson.scripts, name))
      expect(unknown).toEqual([])
    })
  },
)
