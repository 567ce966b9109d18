import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { ApiDocument } from '../../scripts/docs/http-api.ts'
import { PAGE_TYPES, renderPageTypes } from '../../scripts/docs/page-types.ts'
import { startServer } from '../support/start-server.ts'

test('src/inspect/api-types.ts is what npx tsx scripts/docs/page-types.ts writes', async () => {
  const { httpPort } = await startServer({ httpListenPort: 'any' })
  const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/openapi.json`)
  const types = renderPageTypes((await response.json()) as ApiDocument)
  expect(readFileSync(PAGE_TYPES, 'utf8')).toBe(types)
})
