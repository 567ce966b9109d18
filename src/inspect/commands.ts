/**
 * A command of mqnamesrv for a shell: what a NameServer itself can show or change. Like mqadmin, it asks the NameServers of the
 * variable `NAMESRV_ADDR`. Names come from peers: they are quoted, and there is no command with one that has characters which a
 * terminal or a reader may take for something else.
 * @param words - `topic route`.
 * @param name - What it is about.
 * @returns Null if the name cannot be shown.
 */
export function mqnamesrv(words: string, name?: string): string | null {
  if (name === undefined) return `mqnamesrv ${words}`
  const word = shellWord(name)
  return word === null ? null : `mqnamesrv ${words} ${word}`
}

/**
 * A command of mqadmin for a shell: what only brokers can show or change.
 * @param options - Letters with their values, as {@link mqnamesrv} has names.
 * @returns Null if a value cannot be shown.
 */
export function mqadmin(command: string, options: Readonly<Record<string, string | number>>): string | null {
  const words = Object.entries(options).map(([letter, value]) => {
    const word = shellWord(`${value}`)
    return word === null ? null : `-${letter} ${word}`
  })
  return words.includes(null) ? null : ['mqadmin', command, ...words].join(' ')
}

/** A command with the NameServer that it is for; lines of `broker.conf` stay as they are. */
export function atNameServer(command: string, address: string): string {
  const word = shellWord(address)
  return word !== null && /^mq(admin|namesrv) /.test(command) ? `${command} -n ${word}` : command
}

/** Printable ASCII, and letters and digits beyond it. */
const SHOWN = /^[\x20-\x7e\p{L}\p{N}]+$/u

/** A word of a shell command, quoted where a shell would read more into it; null if it cannot be shown as it is. */
export function shellWord(text: string): string | null {
  if (!SHOWN.test(text) || text.startsWith('-')) return null
  return /^[\w.:%/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** A line of a broker's `broker.conf`; null if the value cannot be shown as it is. */
export function brokerConfLine(key: string, value: string): string | null {
  return /^[\w.:-]+$/.test(value) ? `${key}=${value}` : null
}
