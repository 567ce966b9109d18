/**
 * Collections whose order Java leaves to its hash tables, by code: paths of keys, `*` for any key or index.
 * Everything else must come in the same order.
 */
const TOPIC_LIST = ['topicList']
const ROUTE_LISTS = ['brokerDatas', 'queueDatas']
const ROUTE_MAPS = [
  'brokerDatas.*.brokerAddrs',
  'filterServerTable',
  'topicQueueMappingByBroker',
  'topicQueueMappingByBroker.*.currIdMap',
]
const UNORDERED: Readonly<Record<number, readonly string[]>> = {
  103: ['table'],
  105: ROUTE_LISTS,
  106: ['brokerAddrTable', 'brokerAddrTable.*.brokerAddrs', 'clusterAddrTable', 'clusterAddrTable.*'],
  206: TOPIC_LIST,
  219: ['table'],
  224: TOPIC_LIST,
  304: TOPIC_LIST,
  311: TOPIC_LIST,
  312: TOPIC_LIST,
  313: TOPIC_LIST,
  901: ['brokerMemberGroup.brokerAddrs'],
}
/** The KV file: a table of tables. */
export const KV_FILE_UNORDERED = ['configTable', 'configTable.*']

/** The unordered collections of a response's body. In standard JSON, which quotes integer keys, Java sorts its maps. */
export function unorderedPaths(code: number, body: string): readonly string[] {
  const paths = UNORDERED[code] ?? []
  return code === 105 && /[{,]-?\d+:/.test(body) ? [...paths, ...ROUTE_MAPS] : paths
}

/**
 * The same JSON with unordered collections sorted by their text. Nothing else changes, not even how a key is quoted, so
 * that equal results are made of exactly the same bytes.
 *
 * @param text - Bytes as Latin-1.
 * @throws {Error} if it is not JSON as Java writes it.
 */
export function inOneOrder(text: string, unordered: readonly string[]): string {
  const reader = new OrderReader(text, new Set(unordered))
  return reader.document()
}

class OrderReader {
  readonly #text: string
  readonly #unordered: ReadonlySet<string>
  #at = 0

  constructor(text: string, unordered: ReadonlySet<string>) {
    this.#text = text
    this.#unordered = unordered
  }

  document(): string {
    const value = this.#value([])
    if (this.#at !== this.#text.length) throw this.#error()
    return value
  }

  #value(path: readonly string[]): string {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#collection(path, '}', (memberPath) => {
          const key = this.#token()
          const colon = this.#take(':')
          return `${key}${colon}${this.#value([...memberPath, key.replaceAll('"', '')])}`
        })
      case '[':
        return this.#collection(path, ']', (memberPath) => this.#value([...memberPath, '*']))
      default:
        return this.#token()
    }
  }

  #collection(path: readonly string[], close: string, member: (path: readonly string[]) => string): string {
    const open = this.#take(this.#text[this.#at] ?? '')
    const members: string[] = []
    while (this.#text[this.#at] !== close) {
      if (members.length > 0) this.#take(',')
      members.push(member(path))
    }
    this.#take(close)
    if (this.#isUnordered(path)) members.sort()
    return `${open}${members.join(',')}${close}`
  }

  #isUnordered(path: readonly string[]): boolean {
    for (const pattern of this.#unordered) {
      const keys = pattern.split('.')
      if (keys.length === path.length && keys.every((key, index) => key === '*' || key === path[index]))
        return true
    }
    return false
  }

  /** A string, number, word or bare key, as it stands. */
  #token(): string {
    const token = /^(?:"(?:[^"\\]|\\.)*"|[^\s{}[\]",:]+)/s.exec(this.#text.slice(this.#at))?.[0]
    if (token === undefined) throw this.#error()
    this.#at += token.length
    return token
  }

  #take(char: string): string {
    if (char === '' || this.#text[this.#at] !== char) throw this.#error()
    this.#at += 1
    return char
  }

  #error(): Error {
    return new Error(`no JSON of Java's at ${this.#at}: ${this.#text.slice(this.#at, this.#at + 20)}`)
  }
}
