import type { CommandDefinition } from './definition.ts'

export const CONFIG_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'config get',
    summary: 'The configuration in effect, with the source of each value',
    description:
      'Java’s NameServer shows the keys of its NamesrvConfig and NettyServerConfig and of its file, without sources, and so does mqnamesrv to other machines. In JSON, values are numbers, booleans or strings, by the type of the key, in this and the other config commands.',
    args: [
      { name: 'key', text: 'only these keys', isOptional: true, isList: true, completion: 'config-key' },
    ],
    options: [{ flags: '--updatable', text: 'only keys that config set can change while the server runs' }],
    examples: [
      { line: 'config get', text: 'all keys' },
      {
        line: 'config get listenPort maxTopics -o wide',
        text: 'with default, unit and when it takes effect',
      },
    ],
    load: () => import('../commands/config-get.ts'),
  },
  {
    words: 'config set',
    summary: 'Changes the configuration of all given NameServers while they run',
    description:
      'mqnamesrv accepts the keys that config get --updatable lists, all of them or none: other keys and invalid values are rejected before it asks, exit code 2. Java’s NameServer accepts any, drops those that it does not know, and reads most of the others only at its start: exit code 1 if a key still has another value.',
    args: [{ name: 'assignment', text: 'KEY=VALUE', isList: true, completion: 'assignment' }],
    examples: [
      { line: 'config set orderMessageEnable=true -n "a:9876;b:9876"', text: 'asks first' },
      { line: 'config set enableTopicList=false -y', text: '' },
    ],
    isChange: true,
    load: () => import('../commands/config-set.ts'),
  },
  {
    words: 'config check',
    summary: 'Whether a server would start with a configuration file: all errors and warnings',
    description:
      'Reads the file as mqnamesrv -c does, over the defaults and under the environment variables (MQNAMESRV_…) of this shell. Exit code 1 if it is invalid.',
    args: [{ name: 'file', text: 'a Java .properties file; - is stdin', completion: 'file' }],
    examples: [{ line: 'config check conf/namesrv.properties', text: '' }],
    isLocal: true,
    load: () => import('../commands/config-check.ts'),
  },
  {
    words: 'config diff',
    summary: 'Keys in which NameServers differ from each other, or from a configuration file',
    description:
      'Against a file: the keys that it sets, and those that mqnamesrv has from elsewhere (environment, options, updates). Exit code 1 if any key differs.',
    args: [
      {
        name: 'file',
        text: 'a Java .properties file; - is stdin',
        isOptional: true,
        completion: 'file',
      },
    ],
    examples: [
      { line: 'config diff -n "a:9876;b:9876"', text: 'two NameServers' },
      { line: 'config diff conf/namesrv.properties', text: 'what has changed since it was written' },
    ],
    load: () => import('../commands/config-diff.ts'),
  },
  {
    words: 'init',
    summary: 'Writes a configuration file with all keys and their defaults, commented out',
    description: 'Never over an existing file. Only its owner and group can read it: secrets may follow.',
    args: [
      {
        name: 'file',
        text: 'default: namesrv.properties; - is stdout',
        isOptional: true,
        completion: 'file',
      },
    ],
    examples: [{ line: 'init conf/namesrv.properties', text: '' }],
    isLocal: true,
    load: () => import('../commands/init.ts'),
  },
]
