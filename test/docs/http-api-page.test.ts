import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type ApiDocument, HTTP_API_PAGE, renderHttpApi } from '../../scripts/docs/http-api.ts'
import { startServer } from '../support/start-server.ts'

test('docs/http-api.md is what npx tsx scripts/docs/http-api.ts writes', async () => {
  const { httpPort } = await startServer({ httpListenPort: 'any' })
  const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/openapi.json`)
  const page = renderHttpApi((await response.json()) as ApiDocument)
  expect(readFileSync(HTTP_API_PAGE, 'utf8')).toBe(page)
})
