import { manPage, version, withCommands } from './command-pages.ts'
import { withKeys } from './configuration-table.ts'
import { withRules } from './findings-table.ts'
import { type ApiDocument, renderHttpApi } from './http-api.ts'
import { renderLibraryOptions } from './library-options.ts'
import { withMetrics } from './metrics-table.ts'
import { renderPageTypes } from './page-types.ts'

/**
 * Files that are made, in whole or in part, from definitions in src, by their paths: each with what makes its new text from the
 * present one and the OpenAPI document of a server.
 */
export const WRITTEN_FILES: Readonly<Record<string, (text: string, api: ApiDocument) => string>> = {
  'docs/cli.md': withCommands,
  'docs/configuration.md': withKeys,
  'docs/http-api.md': (_, api) => renderHttpApi(api),
  'docs/monitoring.md': (text) => withRules(withMetrics(text)),
  'docs/mqnamesrv.1': () => manPage(version()),
  'src/inspect/api-types.ts': (_, api) => renderPageTypes(api),
  'src/library/config-options.ts': renderLibraryOptions,
}
