import { expectTypeOf, test } from 'vitest'
import type { ConfigOptions } from '../../src/index.ts'
import type { NamesrvConfig } from '../../src/namesrv/config/config-keys.ts'

test('options of the library have the types of their keys', () => {
  type OfKeys = { readonly [Name in keyof ConfigOptions]?: NamesrvConfig[Name] | undefined }
  expectTypeOf<ConfigOptions>().toEqualTypeOf<OfKeys>()
})
