import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { servedDocument } from '../../scripts/docs/http-api.ts'
import { WRITTEN_FILES } from '../../scripts/docs/written-files.ts'

const api = await servedDocument()

test.each(Object.entries(WRITTEN_FILES))('%s is what `npm run docs` writes', (path, write) => {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  expect(text, 'run: npm run docs').toBe(write(text, api))
})
