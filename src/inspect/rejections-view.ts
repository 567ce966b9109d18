import { REQUEST_GROUPS } from '../access/request-groups.ts'
import { isoTime } from '../common/iso-time.ts'
import { RequestCode } from '../protocol/request-code.ts'
import type { InspectSources } from './sources.ts'
import { objectOf, type Schema, type View } from './view.ts'

const TEXT: Schema = { type: 'string' }
const TIME: Schema = { type: 'string', format: 'date-time' }
const TEXT_OR_NULL: Schema = { type: ['string', 'null'] }

const REQUEST_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(RequestCode).map(([name, code]) => [code, name]),
)

/** `/api/v1/rejections`: the requests that the access policy rejected last. */
export function rejectionsView({ denials }: InspectSources): View {
  return {
    path: '/api/v1/rejections',
    summary:
      'The last 128 requests that the access policy rejected, or would have rejected in the mode `audit`, the most recent first. Equal ones are one entry.',
    response: objectOf({
      rejections: {
        type: 'array',
        items: objectOf({
          count: { type: 'integer' },
          first: TIME,
          last: TIME,
          peer: { ...TEXT, description: 'Address of the last one' },
          host: { ...TEXT, description: 'IP address by which it was decided' },
          code: { type: 'integer', description: 'Request code' },
          request: { ...TEXT, description: 'Its name, such as `UPDATE_NAMESRV_CONFIG`' },
          group: { enum: REQUEST_GROUPS },
          rule: { ...TEXT, description: 'Which rule decided' },
          identity: { ...TEXT_OR_NULL, description: 'Account or certificate; null if none is proven' },
          accessKey: { ...TEXT_OR_NULL, description: 'As the request gave it, proven or not' },
          unproven: { ...TEXT_OR_NULL, description: 'Why the account is not proven; null if it is' },
          nearMiss: {
            ...TEXT_OR_NULL,
            description:
              'The first rule that would allow it to this sender, and the limit that it does not meet',
          },
          enforced: { type: 'boolean', description: 'False if it was let pass, in the mode `audit`' },
        }),
      },
    }),
    read: () => ({
      rejections: denials.list().map(({ firstMs, lastMs, isEnforced, ...denied }) => ({
        ...denied,
        request: REQUEST_NAMES.get(denied.code) ?? '',
        first: isoTime(firstMs),
        last: isoTime(lastMs),
        enforced: isEnforced,
      })),
    }),
  }
}
