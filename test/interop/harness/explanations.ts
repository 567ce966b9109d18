import type { NameServer } from './name-server.ts'

/** Asks a NameServer for a view, such as `findings` or `explain?topic=T`. @throws {Error} The status is not 200. */
export async function viewOf<T>({ httpUrl }: Pick<NameServer, 'httpUrl'>, path: string): Promise<T> {
  const response = await fetch(`${httpUrl}/api/v1/${path}`)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${path} was answered ${response.status}: ${text}`)
  return JSON.parse(text)
}

/** Why clients find a topic or not, or what has become of a broker. */
export interface Explanation {
  readonly verdict: string
  readonly sentences: readonly string[]
  readonly commands: readonly string[]
}

export interface ShownFinding {
  readonly rule: string
  readonly severity: string
  readonly subject: string
  readonly text: string
  readonly command: string | null
}

export interface ShownEvent {
  readonly kind: string
  readonly subject: string
  readonly text: string
}
