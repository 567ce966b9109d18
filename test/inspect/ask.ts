import type { TestServer } from '../support/start-server.ts'

/** An answer of a view. */
export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  readonly body: any
}

/** Asks a server for a view, over its HTTP port. */
export async function ask({ httpPort }: Pick<TestServer, 'httpPort'>, path: string): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${httpPort}${path}`)
  return { status: response.status, body: await response.json() }
}
