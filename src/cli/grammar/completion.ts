import type { CommandDefinition } from './definition.ts'

export const COMPLETION_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'completion',
    summary: 'Prints a completion script for a shell',
    description:
      'It completes commands and options, and names of topics, brokers, clusters, namespaces and configuration keys from the NameServers of -n or NAMESRV_ADDR, if they respond within 300 ms.',
    args: [{ name: 'shell', text: 'bash, zsh or fish', choices: ['bash', 'zsh', 'fish'] }],
    examples: [
      { line: 'completion bash >/etc/bash_completion.d/mqnamesrv', text: '' },
      { line: 'completion zsh >/usr/local/share/zsh/site-functions/_mqnamesrv', text: '' },
      { line: 'completion fish >~/.config/fish/completions/mqnamesrv.fish', text: '' },
    ],
    isLocal: true,
    load: () => import('../commands/completion.ts'),
  },
]
