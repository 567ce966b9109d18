import { expect, test } from 'vitest'
import { Inspector } from '../../src/inspect/inspector.ts'
import type { View } from '../../src/inspect/view.ts'
import { ViewError } from '../../src/inspect/view-error.ts'
import { wholeSlicer } from '../routeinfo/route-helpers.ts'

const topicView: View = {
  path: '/api/v1/topics/{topic}',
  summary: 'One topic.',
  parameters: [{ name: 'zone', summary: 'A zone.', schema: { type: 'string' } }],
  response: {},
  version: () => 'v7',
  read: ({ path, query }) => {
    if (path['topic'] === 'none') throw new ViewError('ERR_NOT_FOUND', 'no such topic')
    if (path['topic'] === 'broken') throw new TypeError('a defect')
    return { topic: path['topic'], zone: query.get('zone') }
  },
}

const owner = { closed: false }
const sender = { identity: undefined, host: '127.0.0.1', isTls: false }

async function answer(target: string, knownVersions: string[] = []) {
  const inspector = new Inspector([topicView], wholeSlicer())
  const { status, body, version } = await inspector.ask({ target, owner, sender, knownVersions })
  return { status, version, value: body.length === 0 ? undefined : JSON.parse(body.toString()) }
}

test('a view gets the decoded parameters of its path and query', async () => {
  expect(await answer('/api/v1/topics/%25RETRY%25a%2Fb?zone=z1')).toEqual({
    status: 200,
    version: 'v7',
    value: { topic: '%RETRY%a/b', zone: 'z1' },
  })
})

test('a client that has the version already gets 304 and no body', async () => {
  expect(await answer('/api/v1/topics/t', ['v6', 'v7'])).toEqual({
    status: 304,
    version: 'v7',
    value: undefined,
  })
})

test.each([
  ['/api/v1/nothing', 404, 'no such path; /api/v1/openapi.json lists all'],
  ['/api/v1/topics/', 404, 'no such path; /api/v1/openapi.json lists all'],
  ['/api/v1/topics/a/b', 404, 'no such path; /api/v1/openapi.json lists all'],
  ['/api/v1/topics/none', 404, 'no such topic'],
  ['/api/v1/topics/%ff', 400, 'the path is not percent-encoded UTF-8'],
  ['/api/v1/topics/t?zonne=1', 400, 'unknown query parameter "zonne"; known are zone'],
  ['/api/v1/topics/t?zone=1&zone=2', 400, 'query parameter "zone" given twice'],
])('%s is answered with %i and the reason', async (target, status, message) => {
  const { value, ...rest } = await answer(target)
  expect(rest.status).toBe(status)
  expect(value.error.message).toBe(message)
})

test('beyond 16 views under way, a request gets 503, and the views before it their responses', async () => {
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const slow: View = {
    path: '/api/v1/slow',
    summary: 'A view.',
    response: {},
    read: () => finished.then(() => ({})),
  }
  const inspector = new Inspector([slow], wholeSlicer())
  const ask = () => inspector.ask({ target: slow.path, owner, sender })
  const first = Array.from({ length: 16 }, ask)
  const { status, body } = await ask()
  expect(status).toBe(503)
  expect(body.toString()).toContain('16 views are under way')
  finish()
  expect((await Promise.all(first)).map((each) => each.status)).toEqual(Array(16).fill(200))
  expect((await ask()).status).toBe(200)
})

test('an unexpected error of a view is passed on', async () => {
  await expect(answer('/api/v1/topics/broken')).rejects.toThrow('a defect')
})
