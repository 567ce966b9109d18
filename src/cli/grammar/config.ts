import type { CommandDefinition } from './definition.ts'

export const CONFIG_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'config get',
    summary: 'Configuration in effect, and where each value comes from',
    description:
      'Java’s NameServer shows the keys of its NamesrvConfig, its NettyServerConfig and its file, but not where values come from; nor does mqnamesrv to other machines. In JSON, values are numbers, booleans or strings, by the type of the key, in this and the other config commands.',
    args: [
      { name: 'key', text: 'only these keys', isOptional: true, isList: true, completion: 'config-key' },
    ],
    options: [{ flags: '--updatable', text: 'only keys that config set can change while the server runs' }],
    examples: [
      { line: 'config get', text: 'all keys' },
      {
        line: 'config get listenPort maxTopics -o wide',
        text: 'defaults, units',
      },
    ],
    load: () => import('../commands/config-get.ts'),
  },
  {
    words: 'config set',
    summary: 'Changes the configuration of running NameServers',
    description:
      'mqnamesrv accepts only the keys that config get --updatable lists, and either all or none of the assignments: other keys and invalid values are rejected before it asks, with exit code 2. Java’s NameServer accepts any key, ignores those it does not know, and reads most others only at startup. Exit code 1 if a key does not have its new value afterwards.',
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
    summary: 'Errors and warnings of a configuration file',
    description:
      'Reads the file as mqnamesrv -c would in this shell and as this user, with its MQNAMESRV_* environment variables, which override the file, and the files that it names for access, TLS and the HTTP token. Lines are in the order of the file: errors, which Java would ignore or misread, warnings about keys and values without effect. Exit code 1 if the server would not start.',
    args: [{ name: 'file', text: 'a Java .properties file; - is stdin', completion: 'file' }],
    examples: [{ line: 'config check conf/namesrv.properties', text: '' }],
    isLocal: true,
    load: () => import('../commands/config-check.ts'),
  },
  {
    words: 'config diff',
    summary: 'Configuration that differs between NameServers or a file',
    description:
      'With a file, compares the keys that it sets, and those that mqnamesrv takes from elsewhere (environment, options, updates). Exit code 1 if any key differs.',
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
      { line: 'config diff conf/namesrv.properties', text: 'what changed since' },
    ],
    load: () => import('../commands/config-diff.ts'),
  },
  {
    words: 'init',
    summary: 'Writes a configuration file with all keys and defaults',
    description:
      'All keys are commented out. An existing file is never replaced. Only its owner and group can read the file, which may later contain secrets.',
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
