/**
 * Writes what is made from definitions in src: tables and pages of the documents, the types of the views, the options of the library.
 *
 * Usage: `npm run docs`. Prints the files that have changed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { servedDocument } from './http-api.ts'
import { WRITTEN_FILES } from './written-files.ts'

const api = await servedDocument()
for (const [path, write] of Object.entries(WRITTEN_FILES)) {
  const file = new URL(`../../${path}`, import.meta.url)
  const before = readFileSync(file, 'utf8')
  const after = write(before, api)
  if (after === before) continue
  writeFileSync(file, after)
  console.log(path)
}
