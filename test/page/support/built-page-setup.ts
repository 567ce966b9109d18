import { fileURLToPath } from 'node:url'
import { buildPage } from '../../../scripts/page/build.mjs'

/** The page that the servers of the tests read. */
export async function setup(): Promise<void> {
  await buildPage(fileURLToPath(new URL('../../../dist/page', import.meta.url)))
}
