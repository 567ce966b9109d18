import { readFileSync } from 'node:fs'
import { parseCommandLine } from '../../src/cli/daemon/command-line.ts'
import type { CommandDefinition, OptionDefinition } from '../../src/cli/grammar/definition.ts'
import { COMMON_OPTIONS, GROUPS, usageOf } from '../../src/cli/help.ts'
import { markdownTable, withParts } from './markdown.ts'

/** docs/cli.md with all commands of src/cli/grammar. */
export function withCommands(page: string): string {
  return withParts(page, 'commands', markdown)
}

function markdown(): string {
  return [
    ...COMMON_OPTIONS.map(([title, options]) => `## ${title}\n\n${optionTable('option', options)}`),
    ...GROUPS.flatMap(([title, commands]) => [`## ${title}`, ...commands.map(commandSection)]),
  ].join('\n\n')
}

function commandSection(definition: CommandDefinition): string {
  const { words, summary, description, args = [], options = [], examples } = definition
  return [
    `### ${words}`,
    `${summary}.${description === undefined ? '' : ` ${description}`}`,
    fenced([`mqnamesrv ${usageOf(definition)}`]),
    ...(args.length === 0
      ? []
      : [
          table(
            'argument',
            args.map(({ name, text }) => [name, text]),
          ),
        ]),
    ...(options.length === 0 ? [] : [optionTable('option', options)]),
    fenced(examples.map(({ line, text }) => `mqnamesrv ${line}${text === '' ? '' : `  # ${text}`}`)),
  ].join('\n\n')
}

function fenced(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n')
}

function optionTable(head: string, options: readonly OptionDefinition[]): string {
  return table(
    head,
    options.map(({ flags, text }) => [flags, text]),
  )
}

function table(head: string, rows: readonly (readonly [string, string])[]): string {
  return markdownTable([[head, 'meaning'], ...rows.map(([name, text]) => [`\`${name}\``, text])])
}

/** docs/mqnamesrv.1, in the macros of man(7). */
export function manPage(version: string): string {
  const help = parseCommandLine(['-h'], version)
  const server = help.action === 'show' ? help.text.trimEnd().split('\n') : []
  return `${[
    '.\\" Written by npm run docs from src/cli/grammar.',
    `.TH MQNAMESRV 1 "" "mqnamesrv ${version}" "User Commands"`,
    '.SH NAME',
    'mqnamesrv \\- RocketMQ NameServer, and a command line for NameServers',
    '.SH SYNOPSIS',
    '.B mqnamesrv',
    '[\\fIoptions\\fR]',
    '.br',
    '.B mqnamesrv',
    '\\fIcommand\\fR [\\fIoptions\\fR]',
    '.SH DESCRIPTION',
    ...paragraph(
      'Without a command, mqnamesrv is a NameServer: brokers of a RocketMQ cluster register with it, and clients look up routes. ' +
        'With a command, it asks running NameServers over their own port, this one or Java’s, and prints their responses. ' +
        'Data goes to stdout, everything else to stderr. Changes are shown and confirmed first, on a terminal or with -y.',
    ),
    '.SH SERVER',
    '.nf',
    ...server.map(roff),
    '.fi',
    ...GROUPS.flatMap(([title, commands]) => [
      `.SH ${roff(title.toUpperCase())}`,
      ...commands.flatMap(manCommand),
    ]),
    '.SH COMMON OPTIONS',
    ...COMMON_OPTIONS.flatMap(([, options]) => manOptions(options)),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, text]) => term(code, text)),
    '.SH ENVIRONMENT',
    ...VARIABLES.flatMap(([name, text]) => term(name, text)),
    '.SH FILES',
    ...FILES.flatMap(([name, text]) => term(name, text)),
    '.SH SEE ALSO',
    ...paragraph(
      'docs/cli.md, docs/configuration.md and docs/troubleshooting.md of the package; /usr/share/doc/mqnamesrv has them after apt-get install.',
    ),
  ].join('\n')}\n`
}

const EXIT_CODES = [
  ['0', 'done, or the answer is yes'],
  ['1', 'the answer is no: not found, different, unhealthy, findings, failed'],
  ['2', 'the command line is invalid, or there is no terminal to confirm a change'],
  ['3', 'a NameServer cannot be reached, does not respond in time, or is not one'],
  ['4', 'a NameServer does not allow it'],
  ['5', 'some NameServers responded, or were changed, and others did not, or were not'],
  ['130', 'Ctrl-C; in place of a reply to a question, nothing was changed'],
] as const

const VARIABLES = [
  ['NAMESRV_ADDR', 'the NameServers that commands ask, unless -n is given'],
  ['ROCKETMQ_HOME', 'conf/tools.yml there has the account that signs requests, as for mqadmin'],
  ['NO_COLOR', 'if it is not empty, output has no colours'],
  ['MQNAMESRV_*', 'keys of the configuration of the server, see docs/configuration.md'],
] as const

const FILES = [
  ['~/namesrv/kvConfig.json', 'the key-value table (kvConfigPath)'],
  ['~/namesrv/routes-9876.snapshot', 'the routes, for the next start (routeSnapshotPath)'],
  ['/etc/rocketmq/tls.properties', 'if it exists, overrides the keys of TLS (tls.config.file)'],
  ['/etc/mqnamesrv/namesrv.properties', 'configuration of the service of the Debian package'],
  ['/etc/default/mqnamesrv', 'environment variables of that service, which override its configuration'],
] as const

function manCommand(definition: CommandDefinition): string[] {
  const { summary, description = '', args = [], options = [], examples } = definition
  return [
    `.SS ${roff(usageOf(definition))}`,
    ...paragraph(`${summary}. ${description}`.trim()),
    ...args.flatMap(({ name, text }) => term(name, text)),
    ...manOptions(options),
    '.PP',
    '.nf',
    ...examples.map(({ line, text }) => roff(`  mqnamesrv ${line}${text === '' ? '' : `  # ${text}`}`)),
    '.fi',
  ]
}

function manOptions(options: readonly OptionDefinition[]): string[] {
  return options.flatMap(({ flags, text }) => term(flags, text))
}

function term(name: string, text: string): string[] {
  return ['.TP', `.B ${roff(name)}`, roff(text)]
}

function paragraph(text: string): string[] {
  // A sentence a line, as roff wants it.
  return text.split(/(?<=[.:]) (?=\p{Lu})/u).map(roff)
}

/** A line of text: no character of it means anything to roff. */
function roff(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replace(/[-'"`^~]/g, (character) => ROFF[character] ?? character)
    .replace(/[^\x20-\x7e]/gu, (character) => `\\[u${hexOf(character)}]`)
  return /^[.]/.test(escaped) ? `\\&${escaped}` : escaped
}

const ROFF: Readonly<Record<string, string>> = {
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}

/** The version of package.json. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}
