'use strict'
// What the program does before it is loaded, from a package as from the single file. CommonJS in the syntax of Node.js 12.

const { readFileSync, writeFileSync } = require('fs')
const { signals: known } = require('os').constants

/** With fewer file descriptors, the program cannot load its modules or has none left for connections. */
const MIN_OPEN_FILES = 128

function fail(reason) {
  process.stderr.write(`mqnamesrv: ${reason}\n`)
  process.exit(1)
}

/** Node has already raised the soft limit to the hard one. Skipped on systems without /proc. */
function checkOpenFiles() {
  let limits = ''
  try {
    limits = readFileSync('/proc/self/limits', 'utf8')
  } catch (_) {
    return
  }
  const match = /^Max open files +(\d+)/m.exec(limits)
  if (match === null || Number(match[1]) >= MIN_OPEN_FILES) return
  fail(
    `the open-file limit is ${match[1]}, at least ${MIN_OPEN_FILES} are needed: ` +
      'raise it (ulimit -n, LimitNOFILE of systemd, --ulimit nofile of a container)',
  )
}

/** So that ps, top and pgrep find it by its name, not as a thread of Node; `process.title` would replace the arguments. */
function nameProcess() {
  try {
    writeFileSync('/proc/self/comm', 'mqnamesrv')
  } catch (_) {
    // Only Linux has it.
  }
}

/** Signals whose default action would end the process without a log line, or open Node's debugger port. */
function handledSignals() {
  const signals = [
    'SIGINT',
    'SIGTERM',
    'SIGHUP',
    'SIGQUIT',
    'SIGUSR2',
    'SIGALRM',
    'SIGVTALRM',
    'SIGIO',
    'SIGPWR',
    'SIGSTKFLT',
  ]
  // If Node was started with a debugger, SIGUSR1 still opens its port.
  const options = process.execArgv.concat(process.env.NODE_OPTIONS || '').join(' ')
  if (!options.includes('--inspect')) signals.unshift('SIGUSR1')
  return signals
}

/** Records signals that arrive while the program is loaded, so that it can handle them. */
function keepSignals(signals) {
  const early = []
  for (const signal of signals) {
    if (known[signal] !== undefined) process.on(signal, () => early.push(signal))
  }
  return early
}

/**
 * Runs the program.
 * @param load - Resolves to its main module, src/cli/main.ts.
 * @param whyNotLoaded - What is wrong, from the error of `load`.
 */
function start(load, whyNotLoaded) {
  nameProcess()
  const signals = handledSignals()
  const earlySignals = keepSignals(signals)
  checkOpenFiles()
  load().then(
    ({ main }) => main(earlySignals, signals),
    (error) => fail(whyNotLoaded(error)),
  )
}

module.exports = { fail, start }
