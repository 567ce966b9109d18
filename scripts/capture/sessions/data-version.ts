/** A broker that asks before it registers (`forceRegister=false`), and what makes the response change. */

import { exchangeOf, isRequest, type Session } from '../session.ts'
import { BROKERS, NAMES } from '../stage.ts'

const TOPIC = 'TopicTest'

/** QUERY_DATA_VERSION with all three kinds of response; also REGISTER_TOPIC_IN_NAMESRV (5.x) and DELETE_TOPIC_IN_NAMESRV. */
export const dataVersion: Session = {
  name: 'data-version',
  majors: ['4', '5'],
  async run(context) {
    const { stage } = context
    const nameServer = await stage.nameServer()
    const { port } = nameServer
    const properties = { forceRegister: false, enableSingleTopicRegister: true }
    const { process: broker, proxy } = await stage.broker(port, properties, { home: 'data-version' })
    // Each query is told from the ones before it by its place in the recording and by its response.
    const query = async (changed: string, withBody: boolean, after: number) => {
      const answer = await proxy.waitFor(
        `changed=${changed}`,
        ({ toServer, frame, body }) =>
          !toServer && frame.extFields?.['changed'] === changed && body.length > 0 === withBody,
        { after },
      )
      const { connection, frame } = answer
      const request = await proxy.waitFor(
        'its query',
        (f) => f.toServer && f.connection === connection && f.frame.opaque === frame.opaque,
      )
      return { request, response: answer }
    }

    await exchangeOf(proxy, 'REGISTER_BROKER')
    context.save('query-data-version-unchanged', await query('false', true, 0), {
      client: 'broker',
      why: 'forceRegister=false, nothing changed since the last registration',
    })

    await stage.mqadmin(port, [
      ...['updateTopic', '-b', `127.0.0.1:${BROKERS[0].port}`, '-t', TOPIC],
      ...['-r', '4', '-w', '4'],
    ])
    if (context.release.startsWith('5')) {
      context.save('register-topic', await exchangeOf(proxy, 'REGISTER_TOPIC_IN_NAMESRV'), {
        client: 'broker',
        why: `enableSingleTopicRegister=true, mqadmin updateTopic created ${TOPIC}`,
      })
    }
    const beforeDeletion = proxy.frames.length
    const deletion = await stage.mqadmin(port, ['deleteTopic', '-c', NAMES.cluster, '-t', TOPIC])
    const deleted = await exchangeOf(deletion, 'DELETE_TOPIC_IN_NAMESRV')
    context.save('delete-topic', deleted, { client: 'mqadmin', why: 'mqadmin deleteTopic' })
    context.save('query-data-version-changed', await query('true', true, beforeDeletion), {
      client: 'broker',
      why: 'forceRegister=false, topics changed since the last registration',
    })

    await nameServer.process.stop()
    const beforeRestart = proxy.frames.length
    await stage.nameServer({}, { port })
    context.save('query-data-version-unknown-broker', await query('true', false, beforeRestart), {
      client: 'broker',
      why: 'forceRegister=false, first query after the NameServer was started again',
    })
    await proxy.waitFor('the registration that follows', isRequest('REGISTER_BROKER'), {
      after: beforeRestart,
    })
    await broker.stop()
  },
}
