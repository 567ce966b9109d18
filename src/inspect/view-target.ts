import type { ViewParameters, Views } from './api-types.ts'
import { ViewError } from './view-error.ts'

/** The path of a view, as `/api/v1/openapi.json` has it: `/api/v1/topics/{topic}`. */
export type ViewPath = keyof Views

/** The parameters of a view as an argument: it can be left out if no parameter is in the path. */
export type ViewArguments<Path extends ViewPath> =
  Record<never, never> extends ViewParameters[Path]
    ? [parameters?: ViewParameters[Path]]
    : [parameters: ViewParameters[Path]]

/**
 * The path with its parameters filled in, and the others as its query. Undefined ones are left out.
 * @throws {ViewError} `ERR_BAD_REQUEST`: one of the path is missing or empty.
 */
export function viewTarget(path: string, parameters: object = {}): string {
  const others = new Map<string, unknown>(Object.entries(parameters ?? {}))
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = `${others.get(name) ?? ''}`
    others.delete(name)
    if (value !== '') return encodeURIComponent(value)
    throw new ViewError(
      'ERR_BAD_REQUEST',
      `${path}: the parameter ${name} is missing or empty; give { ${name} }`,
    )
  })
  const query = new URLSearchParams()
  for (const [name, value] of others) if (value !== undefined) query.set(name, `${value}`)
  return query.size === 0 ? target : `${target}?${query}`
}
