import type { ViewParameters, Views } from './api-types.ts'

/** The path of a view, as `/api/v1/openapi.json` has it: `/api/v1/topics/{topic}`. */
export type ViewPath = keyof Views

/** The parameters of a view as an argument: it can be left out if no parameter is in the path. */
export type ViewArguments<Path extends ViewPath> =
  Record<never, never> extends ViewParameters[Path]
    ? [parameters?: ViewParameters[Path]]
    : [parameters: ViewParameters[Path]]

/** The path with its parameters filled in, and the others as its query. Undefined ones are left out. */
export function viewTarget(path: string, parameters: object = {}): string {
  const query = new URLSearchParams()
  let target = path
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue
    const place = `{${name}}`
    // A function, because `$` in a text of the replacement has a meaning.
    if (target.includes(place)) target = target.replace(place, () => encodeURIComponent(`${value}`))
    else query.set(name, `${value}`)
  }
  return query.size === 0 ? target : `${target}?${query}`
}
