/** Registrations of other shapes: compressed, and of a slave. */
import { inflateSync } from 'node:zlib'
import { exchangeOf, type Session } from '../session.ts'

/** Starts from the store that `lifecycle` left, so that the body holds its topics, attributes and mappings. */
export const compressed: Session = {
  name: 'compressed',
  majors: ['4', '5'],
  async run(context) {
    const { port } = await context.stage.nameServer()
    const { process: broker, proxy } = await context.stage.broker(port, { compressedRegister: true })
    const registration = await exchangeOf(proxy, 'REGISTER_BROKER')
    inflateSync(registration.request.body)
    context.save('register-broker-compressed', registration, {
      client: 'broker',
      why: 'broker start with compressedRegister=true',
    })
    await broker.stop()
  },
}

/** A slave that registers while its master is known. */
export const slave: Session = {
  name: 'slave',
  majors: ['4', '5'],
  async run(context) {
    const { port } = await context.stage.nameServer()
    const master = await context.stage.broker(port, { brokerRole: 'ASYNC_MASTER' }, { home: 'group-0' })
    await exchangeOf(master.proxy, 'REGISTER_BROKER')
    const member = { brokerRole: 'SLAVE', brokerId: 1 }
    const { process: broker, proxy } = await context.stage.broker(port, member, { index: 1, home: 'group-1' })
    const registration = await exchangeOf(proxy, 'REGISTER_BROKER')
    context.save('register-broker-slave', registration, {
      client: 'broker',
      why: 'start of a slave (brokerId=1) whose master is registered',
    })
    const list = await context.stage.mqadmin(port, ['clusterList'])
    context.saveResponse('cluster-list-with-slave', await exchangeOf(list, 'GET_BROKER_CLUSTER_INFO'), {
      client: 'mqadmin',
      why: 'mqadmin clusterList with a master and a slave',
    })
    await broker.stop()
    context.save('unregister-broker-slave', await exchangeOf(proxy, 'UNREGISTER_BROKER'), {
      client: 'broker',
      why: 'shutdown of a slave (SIGTERM)',
    })
  },
}
