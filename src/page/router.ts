/** Where the page is: the fragment of its address, `#/topics/TopicTest?zone=z1`. */
export interface Route {
  /** Segments of the path, decoded; none for the overview. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

/** The route of a fragment. A segment that is not percent-encoded UTF-8 stays as it is. */
export function routeOf(fragment: string): Route {
  const [path = '', query = ''] = split(fragment.replace(/^#/, ''))
  return { path: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query) }
}

/** The fragment of a path and a query. Values that are undefined or empty are left out. */
export function href(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const text = new URLSearchParams(
    Object.entries(query).filter((pair): pair is [string, string] => (pair[1] ?? '') !== ''),
  ).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`
}

/** Changes one value of the query of the present address, without a step of the browser's history; `changed` renders it. */
export function replaceQuery(name: string, value: string, changed: () => void): void {
  replaceQueries({ [name]: value }, changed)
}

/** The same for several values; empty ones are left out. */
export function replaceQueries(values: Readonly<Record<string, string>>, changed: () => void): void {
  const { path, query } = routeOf(location.hash)
  history.replaceState(history.state, '', href(path, { ...Object.fromEntries(query), ...values }))
  changed()
}

function split(text: string): string[] {
  const at = text.indexOf('?')
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
