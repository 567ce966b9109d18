import { afterAll, afterEach } from 'vitest'
import { startedPrograms, stopAllPrograms } from './child-program.ts'

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return
  console.error(
    ['programs of the failed test:', ...startedPrograms().map((program) => program.report())].join('\n'),
  )
})

afterAll(stopAllPrograms)
