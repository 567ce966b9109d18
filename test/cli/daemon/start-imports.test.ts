import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { describe, expect, it } from 'vitest'

const daemon = fileURLToPath(new URL('../../../src/cli/daemon/', import.meta.url))

/** What each server loads with `import()` while it starts. */
const LOADED_AT_START = [
  'daemon.ts',
  'logger.ts',
  '../../namesrv/namesrv-controller.ts',
  '../../namesrv/limits/file-descriptors.ts',
  '../../namesrv/time.ts',
]

const withoutDynamicImports: Plugin = {
  name: 'without dynamic imports',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    ),
}

describe('a server that starts', () => {
  it('imports none of the modules of Node that take much memory and that many servers do not use', async () => {
    const { metafile } = await build({
      absWorkingDir: daemon,
      entryPoints: LOADED_AT_START,
      outdir: 'not-written',
      write: false,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      metafile: true,
      plugins: [withoutDynamicImports],
    })
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
    const modules = imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path)
    expect(modules).toContain('node:net')
    for (const costly of ['node:crypto', 'node:http', 'node:https', 'node:tls', 'yaml', 'pino-pretty'])
      expect(modules).not.toContain(costly)
  })
})
