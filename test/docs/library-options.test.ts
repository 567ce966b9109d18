import { readFileSync } from 'node:fs'
import { expect, expectTypeOf, test } from 'vitest'
import { LIBRARY_OPTIONS, renderLibraryOptions } from '../../scripts/docs/library-options.ts'
import type { ConfigOptions } from '../../src/index.ts'
import type { NamesrvConfig } from '../../src/namesrv/config/config-keys.ts'

test('src/library/config-options.ts is what npx tsx scripts/docs/library-options.ts writes', () => {
  expect(readFileSync(LIBRARY_OPTIONS, 'utf8')).toBe(renderLibraryOptions())
})

test('options of the library have the types of their keys', () => {
  type OfKeys = { readonly [Name in keyof ConfigOptions]?: NamesrvConfig[Name] | undefined }
  expectTypeOf<ConfigOptions>().toEqualTypeOf<OfKeys>()
})
