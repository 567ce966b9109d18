import type { ApiDocument, Operation, Schema } from './http-api.ts'

const HEAD = '// Written by npm run docs from the OpenAPI document.'

/** src/inspect/api-types.ts: the types of what the views take and return. */
export function renderPageTypes({ paths }: ApiDocument): string {
  const views = Object.entries(paths).flatMap(([path, { get }]) => {
    const [{ schema } = {}] = Object.values(get.responses[200].content)
    return schema === undefined ? [] : [{ path, schema, get }]
  })
  const responses = views.flatMap(({ path, schema, get: { summary } }) => [
    ...comment(summary, '  '),
    `  readonly '${path}': ${typeText(schema, '  ')}`,
  ])
  const parameters = views.map(({ path, get }) => `  readonly '${path}': ${parametersText(get.parameters)}`)
  return [
    HEAD,
    ...declaration('What each view returns, by its path.', 'Views', responses),
    ...declaration('What the path and the query of each view take.', 'ViewParameters', parameters),
  ].join('\n')
}

function declaration(text: string, name: string, members: readonly string[]): string[] {
  return ['', ...comment(text, ''), `export interface ${name} {`, ...members, '}', '']
}

function parametersText(parameters: Operation['parameters']): string {
  if (parameters.length === 0) return 'Readonly<Record<string, never>>'
  const members = parameters.flatMap(({ name, in: place, description, schema }) => {
    const type = typeText(schema, '    ')
    const member = place === 'path' ? `${name}: ${type}` : `${name}?: ${type} | undefined`
    return [...comment(description, '    '), `    readonly ${member}`]
  })
  return `{\n${members.join('\n')}\n  }`
}

function typeText(schema: Schema, indent: string): string {
  const { type, enum: words, anyOf, items, properties, additionalProperties } = schema
  if (words !== undefined) return words.map((word) => JSON.stringify(word)).join(' | ')
  if (anyOf !== undefined) return anyOf.map((each) => typeText(each, indent)).join(' | ')
  if (properties !== undefined) {
    const inner = `${indent}  `
    const members = Object.entries(properties).flatMap(([name, member]) => [
      ...comment(member.description, inner),
      `${inner}readonly ${name}: ${typeText(member, inner)}`,
    ])
    const object = `{\n${members.join('\n')}\n${indent}}`
    return isNullable(schema) ? `${object} | null` : object
  }
  if (items !== undefined)
    return `readonly (${typeText(items, indent)})[]${isNullable(schema) ? ' | null' : ''}`
  if (typeof additionalProperties === 'object')
    return `Readonly<Record<string, ${typeText(additionalProperties, indent)}>>`
  return [type ?? 'unknown'].flat().map(wordOf).join(' | ')
}

function isNullable({ type }: Schema): boolean {
  return [type].flat().includes('null')
}

function wordOf(type: string): string {
  if (type === 'integer') return 'number'
  return type === 'object' ? 'Readonly<Record<string, unknown>>' : type
}

function comment(text: string | undefined, indent: string): string[] {
  return text === undefined ? [] : [`${indent}/** ${text} */`]
}
