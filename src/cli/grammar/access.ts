import { PROFILES } from '../../access/policy.ts'
import type { CommandDefinition, OptionDefinition } from './definition.ts'

const PROFILE: OptionDefinition = {
  flags: '--profile <profile>',
  text: `for a file without a profile: ${PROFILES.join(', ')}`,
  choices: PROFILES,
}

export const ACCESS_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'access check',
    summary: 'Errors and warnings of an access file',
    description:
      'Reads the file and the secrets that it names, files and variables of this shell. Exit code 1 if it cannot be used.',
    args: [{ name: 'file', text: 'an access file (YAML), or a plain_acl.yml', completion: 'file' }],
    options: [PROFILE],
    examples: [{ line: 'access check conf/access.yml', text: '' }],
    isLocal: true,
    load: () => import('../commands/access-check.ts'),
  },
  {
    words: 'access test',
    summary: 'Whether a request would be allowed, and by which rule',
    options: [
      { flags: '--code <number>', text: 'request code, such as 318', completion: 'none' },
      { flags: '--from <address>', text: 'IP address that the request comes from', completion: 'none' },
      { flags: '--as <account>', text: 'access key of the account that signs it', completion: 'none' },
      {
        flags: '--certificate <name>',
        text: 'its common name, or a name such as DNS:broker-a',
        completion: 'none',
      },
      { flags: '--over-tls', text: 'the request comes over TLS' },
      { flags: '--cluster <cluster>', text: 'cluster that it names', completion: 'cluster' },
      { flags: '--broker <broker>', text: 'broker name that it names', completion: 'broker' },
      { flags: '--topic <topic>', text: 'topic that it names', completion: 'topic' },
      {
        flags: '--announce <addresses>',
        text: 'addresses of a broker that it announces, host:port,…',
        completion: 'none',
      },
      { flags: '--file <file>', text: 'ask no server, but this access file', completion: 'file' },
      PROFILE,
    ],
    examples: [
      {
        line: 'access test --code 318 --from 10.1.2.3 --as ops',
        text: 'exit 1 if rejected',
      },
    ],
    load: () => import('../commands/access-test.ts'),
  },
  {
    words: 'access rejections',
    summary: 'The last requests that were rejected (mqnamesrv only)',
    description:
      'The last 128 that the access policy rejected, or would have in the mode audit; equal ones are one. The audit log (auditLogPath) has all.',
    examples: [
      { line: 'access rejections', text: '' },
      { line: 'access rejections -o json', text: 'with the time of the first and the last' },
    ],
    load: () => import('../commands/access-rejections.ts'),
  },
  {
    words: 'access whoami',
    summary: 'Who this command is to each server (mqnamesrv only)',
    description:
      'And what it may do there: by the account of --access-key, the client certificate and the address. Exit code 4 if it may not even ask: the group inspect is closed to it.',
    examples: [
      { line: 'access whoami', text: '' },
      { line: 'access whoami --access-key ops --secret-key-file ops.secret', text: '' },
    ],
    load: () => import('../commands/access-whoami.ts'),
  },
]
