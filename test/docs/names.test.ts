import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Entry points, named by their folder. */
const ENTRY_POINTS = ['main.ts']

test('no two files of test and scripts have the same name', () => {
  const names = ['test', 'scripts']
    .flatMap((folder) => readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }))
    .filter((path) => path.endsWith('.ts') && !/(^|\/)(\.work|node_modules)\//.test(path))
    .map((path) => basename(path))
    .filter((name) => !ENTRY_POINTS.includes(name))
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
  expect(twice).toEqual([])
})
