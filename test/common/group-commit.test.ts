import { expect, test } from 'vitest'
import { GroupCommit } from '../../src/common/group-commit.ts'

/** A list of words that is stored when the test says so. */
function slowList(maxWaiting = 10) {
  let words: readonly string[] = []
  const stored: string[] = []
  const writes: { end: () => void; fail: (error: Error) => void }[] = []
  const changes = new GroupCommit<string[]>({
    draft: () => [...words],
    commit: async (draft) => {
      stored.push(draft.join(' '))
      await new Promise<void>((end, fail) => writes.push({ end, fail }))
      words = draft
    },
    maxWaiting,
  })
  return {
    stored,
    inForce: () => words.join(' '),
    add: (word: string) => changes.change((draft) => draft.push(word)),
    refuse: (error: Error) =>
      changes.change(() => {
        throw error
      }),
    /** Lets the write that is under way end, and the next one begin. */
    end: async (error?: Error) => {
      const write = writes.shift()
      if (error === undefined) write?.end()
      else write?.fail(error)
      await new Promise(setImmediate)
    },
  }
}

test('the first change is stored at once, and is in effect when it is stored', async () => {
  const list = slowList()
  const added = list.add('one')
  expect(list.stored).toEqual(['one'])
  expect(list.inForce()).toBe('')
  await list.end()
  expect(list.inForce()).toBe('one')
  expect(await added).toBe(1)
})

test('changes that come while another is being stored are stored together, in their order', async () => {
  const list = slowList()
  const added = ['one', 'two', 'three', 'four'].map((word) => list.add(word))
  expect(list.stored).toEqual(['one'])
  await list.end()
  expect(list.stored).toEqual(['one', 'one two three four'])
  expect(list.inForce()).toBe('one')
  await list.end()
  expect(await Promise.all(added)).toEqual([1, 2, 3, 4])
  expect(list.stored).toHaveLength(2)
  await Promise.all([list.add('five'), list.end()])
  expect(list.inForce()).toBe('one two three four five')
})

test('a group that cannot be stored is rejected as a whole, and the next one does not contain it', async () => {
  const list = slowList()
  const first = list.add('one')
  const group = Promise.allSettled([list.add('two'), list.add('three')])
  await list.end()
  await first
  const later = list.add('four')
  const full = new Error('no space left')
  await list.end(full)
  expect(await group).toEqual([
    { status: 'rejected', reason: full },
    { status: 'rejected', reason: full },
  ])
  expect(list.inForce()).toBe('one')
  await list.end()
  await later
  expect(list.stored).toEqual(['one', 'one two three', 'one four'])
})

test('a rejected change does not affect those of its group, and alone it stores nothing', async () => {
  const list = slowList()
  const no = new Error('no')
  await expect(list.refuse(no)).rejects.toBe(no)
  expect(list.stored).toEqual([])
  const first = list.add('one')
  const group = Promise.allSettled([list.add('two'), list.refuse(no), list.add('three')])
  await list.end()
  await list.end()
  await first
  expect(await group).toEqual([
    { status: 'fulfilled', value: 2 },
    { status: 'rejected', reason: no },
    { status: 'fulfilled', value: 3 },
  ])
})

test('changes beyond maxWaiting are rejected, and those that wait are stored', async () => {
  const list = slowList(2)
  const added = ['one', 'two', 'three'].map((word) => list.add(word))
  await expect(list.add('four')).rejects.toMatchObject({
    name: 'LimitError',
    limit: 'maxWaitingChanges',
    busy: true,
  })
  await list.end()
  await list.end()
  await Promise.all(added)
  expect(list.inForce()).toBe('one two three')
})

test('a failure to create a draft rejects all changes that wait for it', async () => {
  const broken = new Error('broken')
  const changes = new GroupCommit<string>({
    draft: () => {
      throw broken
    },
    commit: async () => {},
    maxWaiting: 1,
  })
  await expect(changes.change(() => {})).rejects.toBe(broken)
  await expect(changes.change(() => {})).rejects.toBe(broken)
})
