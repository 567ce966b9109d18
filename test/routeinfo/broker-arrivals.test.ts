import { expect, test } from 'vitest'
import { BrokerArrivals } from '../../src/routeinfo/broker-arrivals.ts'

const BROKER = { clusterName: 'C', brokerName: 'broker-a', brokerAddr: 'a:1' }

test('a broker is registering until the last of its registrations has left its place', () => {
  const arrivals = new BrokerArrivals()
  const first = arrivals.arriveToRegister(BROKER)
  const second = arrivals.arriveToRegister(BROKER)
  expect([first.turn === undefined, second.turn === undefined]).toEqual([true, false])
  expect([arrivals.isRegistering(BROKER), arrivals.registering]).toEqual([true, 1])
  first.leave()
  expect(arrivals.isRegistering(BROKER)).toBe(true)
  second.leave()
  expect([arrivals.isRegistering(BROKER), arrivals.registering]).toEqual([false, 0])
})

test('a broker of the same name at another address is not, nor is one that only asks to leave', () => {
  const arrivals = new BrokerArrivals()
  arrivals.arriveToRegister(BROKER)
  arrivals.arrive('broker-b')
  expect(arrivals.isRegistering({ clusterName: 'C', brokerAddr: 'a:2' })).toBe(false)
  expect(arrivals.registering).toBe(1)
})

test('numbers of arrival grow', () => {
  const arrivals = new BrokerArrivals()
  expect(arrivals.nextGeneration()).toBeLessThan(arrivals.nextGeneration())
})
