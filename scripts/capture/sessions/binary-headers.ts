/** Peers with `rocketmq.serialize.type=ROCKETMQ`, on both sides and on one side only. */
import { editRequest } from '../captured-frames.ts'
import { replay } from '../replay.ts'
import { exchangeOf, type Session } from '../session.ts'
import { BINARY_HEADERS } from '../stage.ts'

const TOPIC = 'TBW102'

/** All three binary: NameServer, broker and client. */
export const binaryHeaders: Session = {
  name: 'binary-headers',
  majors: ['5'],
  async run(context) {
    const { stage } = context
    const { port } = await stage.nameServer({}, { jvm: BINARY_HEADERS })
    const { process: broker, proxy } = await stage.broker(port, {}, { jvm: BINARY_HEADERS, home: 'binary' })
    const why = 'sender and receiver run with rocketmq.serialize.type=ROCKETMQ'
    const registration = await exchangeOf(proxy, 'REGISTER_BROKER')
    context.save('binary-register-broker', registration, { client: 'broker', why })

    const producer = await stage.program(port, 'Producer.java', ['NewTopic'], BINARY_HEADERS)
    for (const [name, topic] of [
      ['binary-route-unknown-topic', 'NewTopic'],
      ['binary-route-default-topic', TOPIC],
    ] as const) {
      const lookup = await exchangeOf(producer, 'GET_ROUTEINFO_BY_TOPIC', { topic })
      context.save(name, lookup, { client: 'producer', why })
    }

    const json = editRequest(context.read('route.request'), { extFields: { topic: TOPIC } })
    const answered = await replay(port, json)
    if (!answered) throw new Error('a JSON request was not answered')
    context.save('json-route-to-binary-server', answered, {
      client: `replayed: producer request with a JSON header, topic set to ${TOPIC}`,
      why: 'only the NameServer runs with rocketmq.serialize.type=ROCKETMQ',
    })

    await broker.stop()
    context.save('binary-unregister-broker', await exchangeOf(proxy, 'UNREGISTER_BROKER'), {
      client: 'broker',
      why,
    })
  },
}

/** A binary client and a JSON NameServer: the releases answer differently. */
export const binaryClient: Session = {
  name: 'binary-client',
  majors: ['4', '5'],
  async run(context) {
    const { port } = await context.stage.nameServer()
    const args = ['updateKvConfig', '-s', 'capture-ns', '-k', 'key', '-v', 'value']
    const admin = await context.stage.mqadmin(port, args, BINARY_HEADERS)
    context.save('binary-put-kv-config-to-json-server', await exchangeOf(admin, 'PUT_KV_CONFIG'), {
      client: 'mqadmin',
      why: 'only the client runs with rocketmq.serialize.type=ROCKETMQ',
    })
  },
}
