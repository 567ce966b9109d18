// The main script of the single file: what bin/mqnamesrv is for a package.
import { start } from '../../bin/process-start.js'

start(
  () => import('../../src/cli/main.ts'),
  (error) => `the program cannot be loaded: ${error.message}`,
)
