/** `-n` of an mqadmin command: the NameServers come from the caller's NAMESRV_ADDR. */
const NAMESRV = '-n "$NAMESRV_ADDR"'

/**
 * An mqadmin command for a shell, with the NameServers in the variable `NAMESRV_ADDR`. Names come from peers: they are quoted, and
 * there is no command with one that has characters which a terminal or a reader may take for something else.
 * @param options - Letters with their values.
 * @returns Null if a value cannot be shown.
 */
export function mqadmin(command: string, options: Readonly<Record<string, string | number>>): string | null {
  const words = Object.entries(options).map(([letter, value]) => {
    const word = shellWord(`${value}`)
    return word === null ? null : `-${letter} ${word}`
  })
  return words.includes(null) ? null : ['mqadmin', command, NAMESRV, ...words].join(' ')
}

/** A command of this program, with words of its own only. */
export function mqnamesrv(words: string): string {
  return `mqnamesrv ${words}`
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
