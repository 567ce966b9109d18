import { expect, test } from 'vitest'
import { Inspector } from '../../src/inspect/inspector.ts'
import { type View, ViewError } from '../../src/inspect/view.ts'
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

async function answer(target: string, knownVersions: string[] = []) {
  const inspector = new Inspector([topicView], wholeSlicer())
  const { status, body, version } = await inspector.ask({ target, owner, knownVersions })
  return { status, version, value: body.length === 0 ? undefined : JSON.parse(body.toString()) }
}

test('a view gets the decoded parameters of its path and query', async () => {
  expect(await answer('/api/v1/topics/%25RETRY%25a%2Fb?zone=z1')).toEqual({
    status: 200,
    version: 'v7',
    value: { topic: '%RETRY%a/b', zone: 'z1' },
  })
})

test('an asker that has the version already gets 304 and no body', async () => {
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

test('an unexpected error of a view is passed on', async () => {
  await expect(answer('/api/v1/topics/broken')).rejects.toThrow('a defect')
})
