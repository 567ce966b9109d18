import { expect, test } from 'vitest'
import { addressProblem } from '../../src/inspect/findings/announced-address.ts'

test.each([
  ['127.0.0.1:10911', '10.0.0.7:40000', 'loopback'],
  ['localhost:10911', '10.0.0.7:40000', 'loopback'],
  ['[::1]:10911', '[2001:db8::7]:40000', 'loopback'],
  ['0.0.0.0:10911', '10.0.0.7:40000', 'not the address of any machine'],
  ['169.254.3.4:10911', '10.0.0.7:40000', 'link-local'],
  ['[fe80::1]:10911', '10.0.0.7:40000', 'link-local'],
  ['172.17.0.2:10911', '192.168.1.7:40000', 'Docker'],
  ['172.18.0.2:10911', '[::ffff:10.0.0.7]:40000', 'Docker'],
  ['127.0.0.1:10911', '100.64.0.7:40000', 'loopback'],
  ['10.0.0.5:10911', '203.0.113.7:40000', 'private'],
  ['[fd00::5]:10911', '[2001:db8::7]:40000', 'private'],
])('a broker that announces %s and registers from %s cannot be reached: %s', (announced, peer, problem) => {
  expect(addressProblem(announced, peer)?.text).toContain(problem)
})

test.each([
  ['10.0.0.7:10911', '10.0.0.7:40000', 'its own address'],
  ['10.0.0.7:10911', '[::ffff:10.0.0.7]:40000', 'its own address within IPv6'],
  ['10.0.0.7:10911', '127.0.0.1:40000', 'on the machine of this server'],
  ['127.0.0.1:10911', '127.0.0.1:40000', 'on the machine of this server'],
  ['10.0.0.7:10911', '192.168.1.7:40000', 'another network card, or NAT'],
  ['192.168.1.9:10911', '172.17.0.1:40000', "this server's container sees the gateway"],
  ['172.18.0.2:10911', '172.17.0.1:40000', 'two networks of Docker'],
  ['203.0.113.7:10911', '10.0.0.7:40000', 'the address that clients see'],
  ['10.0.0.7:10911', '[2001:db8::7]:40000', 'a machine with both protocols'],
  ['10.0.0.7:10911', '100.64.0.7:40000', 'an overlay network'],
  ['172.20.0.5:10911', '192.168.1.7:40000', 'a network of pods'],
  ['172.31.5.5:10911', '10.1.1.5:40000', "AWS's default network"],
  ['10.0.0.5:10911', '11.1.2.3:40000', 'an internal network with unrouted addresses'],
  ['broker-0.broker.svc:10911', '10.0.0.7:40000', 'a host name'],
])('a broker that announces %s and registers from %s may be right: %s', (announced, peer) => {
  expect(addressProblem(announced, peer)).toBeUndefined()
})

test.each([
  ['127.0.0.1:10911', '10.0.0.7:40000', 'warning', 'brokerIP1=10.0.0.7', 'another machine'],
  ['127.0.0.1:10911', '172.18.0.3:40000', 'info', null, 'a container on the machine of its clients'],
  ['127.0.0.1:10911', '10.0.0.1:40000', 'warning', null, 'a gateway'],
  ['10.0.0.5:10911', '203.0.113.7:40000', 'warning', null, 'NAT'],
  ['172.17.0.2:10911', '10.0.0.7:40000', 'warning', 'brokerIP1=10.0.0.7', 'a container'],
  ['172.18.0.2:10911', '10.0.0.7:40000', 'info', 'brokerIP1=10.0.0.7', 'a range that others use, too'],
])(
  'a broker that announces %s and registers from %s gets %s and the line %s: it is behind %s',
  (announced, peer, severity, command, _place) => {
    expect(addressProblem(announced, peer)).toMatchObject({ severity, command })
  },
)
