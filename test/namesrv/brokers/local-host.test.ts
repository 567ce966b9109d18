import { expect, test } from 'vitest'
import { isLocalHost } from '../../../src/namesrv/brokers/local-host.ts'

test.each([
  ...['127.0.0.1', '127.8.9.1', '0.0.0.0', '::', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'],
  ...['169.254.169.254', 'fd00:ec2::254', '::ffff:169.254.169.254'],
  ...['169.254.170.2', '169.254.170.23', 'fd00:ec2::23', '100.100.100.200'],
  ...['localhost.localdomain', 'localhost6.localdomain6'],
  ...[
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    '127.1',
    '0x7f.1',
    '2130706433',
    '0251.254.169.254',
  ],
])('clients that connect to %s find their own machine or its metadata', (host) => {
  expect(isLocalHost(host)).toBe(true)
})

test.each([
  '10.0.0.5',
  '169.254.1.1',
  'fd00::5',
  'fe80::1',
  'broker-a.example',
  'localhost.example',
  'broker-a',
  '',
  'a b',
  '::ffff:10.0.0.5',
])('clients that connect to %s do not find their own machine', (host) => {
  expect(isLocalHost(host)).toBe(false)
})
