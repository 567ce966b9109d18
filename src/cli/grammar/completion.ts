import type { CommandDefinition } from './definition.ts'

export const COMPLETION_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'completion',
    summary: 'Script that makes a shell complete commands, options and live names',
    description:
      'Names of topics, brokers, clusters, namespaces and configuration keys come from the NameServers of -n or NAMESRV_ADDR; if they do not respond within 300 ms, none are completed.',
    args: [{ name: 'shell', text: 'bash, zsh or fish', choices: ['bash', 'zsh', 'fish'] }],
    examples: [
      { line: 'completion bash >~/.local/share/bash-completion/completions/mqnamesrv', text: 'bash' },
      { line: 'completion zsh >/usr/local/share/zsh/site-functions/_mqnamesrv', text: 'zsh' },
      { line: 'completion fish >~/.config/fish/completions/mqnamesrv.fish', text: 'fish' },
    ],
    isLocal: true,
    load: () => import('../commands/completion.ts'),
  },
]
