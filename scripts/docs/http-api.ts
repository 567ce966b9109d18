import { startNamesrv } from '../../src/index.ts'
import { markdownTable } from './markdown.ts'

export interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly format?: string
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
}

export interface Operation {
  readonly summary: string
  readonly security: readonly object[]
  readonly parameters: readonly {
    readonly name: string
    readonly in: 'path' | 'query'
    readonly description?: string
    readonly schema: Schema
  }[]
  readonly responses: { readonly 200: { readonly content: Readonly<Record<string, { schema?: Schema }>> } }
}

/** The part of an OpenAPI document that the page shows. */
export interface ApiDocument {
  readonly info: { readonly description: string }
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>
}

const HEAD = `# HTTP API

<!-- Written by npm run docs from the OpenAPI document. -->

`

const CONVENTIONS = `
The HTTP port is \`httpListenPort\` (8876); the keys beginning with \`http\` in [configuration.md](configuration.md) set who may ask.
\`GET /api/v1/openapi.json\` is this page as an OpenAPI 3.1 document. Over the remoting port, request 1450 takes the path with its
query in the ext field \`path\`; the ext field \`status\` of its response is the HTTP status.

- Points in time are ISO 8601 in UTC; durations are numbers with the unit in their name.
- A member that has no value is \`null\`, never missing.
- A name in a path is percent-encoded: \`/api/v1/topics/%25RETRY%25group\`.
- A list has at most \`limit\` elements. \`next\` is the value of \`after\` for the next page, and \`null\` on the last one.
- An error of a view is \`{"error":{"code":"…","message":"…"}}\` with the status 400, 404 or 503. Other rejections are one line of text:
  401 (token), 403 (access policy), 405 (method), 408 (too slow), 421 (host name), 431 (headers too large), 503 (too many connections or bytes).
- If \`httpTokenFile\` is set, send \`Authorization: Bearer TOKEN\`; paths marked "without the token" do not need it.
- Where a response has an \`ETag\`, a request with it in \`If-None-Match\` gets 304 until the value changes.
- A response of 2 KiB or more is usually compressed for a client that accepts gzip.
`

/** The page of a document. */
export function renderHttpApi({ info, paths }: ApiDocument): string {
  const sections = Object.entries(paths).map(([path, { get }]) => renderOperation(path, get))
  return `${HEAD}${info.description}\n${CONVENTIONS}\n${sections.join('\n')}`
}

function renderOperation(path: string, { summary, security, parameters, responses }: Operation): string {
  const open = security.length === 0 ? ' Served without the token.' : ''
  const [type = '', { schema } = {}] = Object.entries(responses[200].content)[0] ?? []
  const query = parameters.filter((parameter) => parameter.in === 'query')
  const rows = schema === undefined ? [] : members(schema, '')
  return [
    `## \`${path}\`\n`,
    `${summary}${open}\n`,
    ...table(
      'parameter',
      query.map(({ name, description = '', schema }) => [`\`${name}\``, typeOf(schema), description]),
    ),
    ...(rows.length === 0 ? [`Media type: \`${type}\`\n`] : table('member', rows)),
  ].join('\n')
}

function table(first: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  return [`${markdownTable([[first, 'type', 'meaning'], ...rows])}\n`]
}

/** A row for each member of a value, those of objects in it included. */
function members(schema: Schema, path: string): string[][] {
  const inner = [schema, ...(schema.anyOf ?? [])].find(({ properties }) => properties !== undefined)
  return Object.entries(inner?.properties ?? {}).flatMap(([name, member]) => {
    const place = `${path}${name}`
    const row = [`\`${place}\``, typeOf(member), member.description ?? '']
    return [row, ...members(member, `${place}.`), ...members(member.items ?? {}, `${place}[].`)]
  })
}

function typeOf({ type, enum: words, format, minimum, maximum, items, anyOf }: Schema): string {
  if (words !== undefined) return words.length > 12 ? 'word' : words.map((word) => `\`${word}\``).join(', ')
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ')
  const names = [type ?? 'any'].flat().join(' or ')
  if (items !== undefined) return `${names} of ${typeOf(items)}`
  if (minimum !== undefined && maximum !== undefined) return `${names}, ${minimum} to ${maximum}`
  return format === undefined ? names : `${names}, ${format}`
}

/** The document of a server that is started for it. */
export async function servedDocument(): Promise<ApiDocument> {
  const namesrv = await startNamesrv({ listenPort: 0 })
  try {
    return (await namesrv.view('/api/v1/openapi.json')) as unknown as ApiDocument
  } finally {
    await namesrv.shutdown()
  }
}
