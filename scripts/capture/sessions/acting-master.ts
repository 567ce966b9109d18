/** A group with `enableSlaveActingMaster`: heartbeats, group queries and the NameServer's own notifications. */

import { CODES, exchangeOf, isRequest, type Session } from '../session.ts'
import { BROKERS } from '../stage.ts'

// The slave registers under this address, where a proxy waits for what the NameServer sends to it.
const FRONT_HOST = '127.0.0.2'

/** BROKER_HEARTBEAT, GET_BROKER_MEMBER_GROUP, NOTIFY_MIN_BROKER_ID_CHANGE. */
export const actingMaster: Session = {
  name: 'acting-master',
  majors: ['5'],
  async run(context) {
    const { stage } = context
    const nameServer = await stage.nameServer({ supportActingMaster: true, notifyMinBrokerIdChanged: true })
    const { port } = nameServer
    const group = {
      enableSlaveActingMaster: true,
      compatibleWithOldNameSrv: false,
      totalReplicas: 2,
      inSyncReplicas: 1,
      minInSyncReplicas: 1,
    }
    const master = { ...group, brokerRole: 'ASYNC_MASTER' }
    const { process: first, proxy } = await stage.broker(port, master, { home: 'acting-0' })
    const registration = await exchangeOf(proxy, 'REGISTER_BROKER')
    context.save('register-broker-acting-master', registration, {
      client: 'broker',
      why: 'start of a master with enableSlaveActingMaster=true',
    })
    const heartbeat = await proxy.waitFor('a heartbeat', isRequest('BROKER_HEARTBEAT'))
    context.saveOneway(
      'broker-heartbeat',
      heartbeat,
      { client: 'broker', why: 'compatibleWithOldNameSrv=false' },
      'server',
    )

    const front = await stage.proxy(BROKERS[1].port, { host: FRONT_HOST, port: BROKERS[1].port })
    const { proxy: slaveProxy } = await stage.broker(
      port,
      { ...group, brokerRole: 'SLAVE', brokerId: 1, brokerIP1: FRONT_HOST },
      { index: 1, home: 'acting-1' },
    )
    await exchangeOf(slaveProxy, 'REGISTER_BROKER')
    const members = await slaveProxy.exchange('a group of two', isRequest('GET_BROKER_MEMBER_GROUP'), {
      after: slaveProxy.frames.length,
    })
    context.save('get-broker-member-group', members, {
      client: 'broker',
      why: 'asked every second by a slave with enableSlaveActingMaster=true',
    })

    const notification = (after: number) =>
      front.waitFor(
        'a notification',
        ({ toServer, frame }) => toServer && frame.code === CODES.NOTIFY_MIN_BROKER_ID_CHANGE,
        { after },
      )
    await first.stop()
    context.saveOneway(
      'notify-min-broker-id-change-offline',
      await notification(0),
      { client: 'broker', why: 'the master shut down; sent to the slave' },
      'client',
    )
    const route = await stage.mqadmin(port, ['topicRoute', '-t', 'TBW102'])
    context.saveResponse('route-acting-master', await exchangeOf(route, 'GET_ROUTEINFO_BY_TOPIC'), {
      client: 'mqadmin',
      why: 'mqadmin topicRoute -t TBW102 while a slave acts as master',
    })
    const beforeReturn = front.frames.length
    // Before it registers, a returning master waits for an HA connection from the slave's registered host. The slave's
    // connections come from 127.0.0.1, not from the front address, so that wait would never end.
    await stage.broker(port, { ...master, skipPreOnline: true }, { home: 'acting-0' })
    context.saveOneway(
      'notify-min-broker-id-change-online',
      await notification(beforeReturn),
      { client: 'broker', why: 'the master came back; sent to the slave' },
      'client',
    )
  },
}
