import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ScenarioWorld } from './scenario-world.ts'

const FOLDER = new URL('./scenarios/', import.meta.url)

/** Runs the commands of a transcript and writes down what they answer: `command`, `----`, output, empty line. */
function replay(transcript: string): string {
  const world = new ScenarioWorld()
  const blocks = transcript
    .trimEnd()
    .split('\n\n')
    .map((block) => {
      const [head = ''] = block.split('\n----')
      const command = head.split('\n').filter((line) => !line.startsWith('#'))
      if (command.length === 0) return head
      return [head, '----', ...world.run(command.join(' '))].join('\n')
    })
  return `${blocks.join('\n\n')}\n`
}

describe('a transcript of commands gives the answers that stand in it', () => {
  for (const file of readdirSync(FOLDER).sort()) {
    const path = fileURLToPath(new URL(file, FOLDER))
    const transcript = readFileSync(path, 'utf8')
    const [title = file] = transcript.split('\n')
    test(`${title.replace(/^# /, '')} (${file})`, async () => {
      await expect(replay(transcript)).toMatchFileSnapshot(path)
    })
  }
})
