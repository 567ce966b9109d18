/** A word that may follow. */
export interface Candidate {
  readonly value: string
  /** For shells that explain candidates. */
  readonly text?: string
}

/** What a person has typed behind the name of the program. */
export interface TypedLine {
  readonly shell: string
  /** The words before the one at the cursor, without quotes. */
  readonly words: readonly string[]
  /** That word up to the cursor, without quotes. */
  readonly current: string
  /** For bash only: the same with quotes and escapes. */
  readonly raw: string
  /** For bash only: the quote that is open at the cursor. */
  readonly quote: string
  /** For bash only: characters of `raw` before those that it replaces. */
  readonly skipped: number
}

/** The reply that stands for the names of files: no other begins with a tab. */
export const FILES = '\tfiles\n'

/**
 * The arguments of `__complete`. zsh and fish give words; bash, which splits them at `=` and `:`, gives the line up to the cursor
 * and the end of it that it replaces.
 */
export function readLine([shell = '', ...given]: readonly string[]): TypedLine {
  if (shell !== 'bash') {
    const [current = ''] = given.slice(-1)
    return { shell, words: given.slice(0, -1), current, raw: current, quote: '', skipped: 0 }
  }
  const [line = '', last = ''] = given
  const words = splitLine(line)
  const current = words.pop() ?? { text: '', raw: '', quote: '' }
  // Variables may be set in front of the command.
  const command = words.findIndex(({ text }) => !/^\w+=/.test(text))
  const skipped = current.quote === '' && current.raw.endsWith(last) ? current.raw.length - last.length : 0
  const { text, raw, quote } = current
  return {
    shell,
    words: words.slice(command + 1).map((word) => word.text),
    current: text,
    raw,
    quote,
    skipped,
  }
}

interface Word {
  readonly text: string
  /** As typed. */
  readonly raw: string
  /** The quote that is not closed. */
  readonly quote: string
}

/** The words of a line of bash; the last one, perhaps empty, is the one at its end. */
function splitLine(line: string): Word[] {
  const words: Word[] = []
  let [text, raw, quote] = ['', '', '']
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? ''
    if (quote === '' && /\s/.test(character)) {
      if (raw !== '') words.push({ text, raw, quote })
      ;[text, raw] = ['', '']
      continue
    }
    raw += character
    if (character === '\\' && quote !== "'") {
      const next = line[++index] ?? ''
      raw += next
      // Between double quotes, a backslash is one before most characters.
      text += quote === '"' && !/["\\$`]/.test(next) ? `\\${next}` : next
    } else if (character === quote) quote = ''
    else if (quote === '' && /["']/.test(character)) quote = character
    else text += character
  }
  return [...words, { text, raw, quote }]
}

/** A candidate as its shell expects it, with the line feed. */
export function replyLine({ value, text }: Candidate, { shell, raw, quote, skipped }: TypedLine): string {
  if (shell !== 'bash') return text === undefined ? `${value}\n` : `${value}\t${text}\n`
  if (quote === "'") return value.includes("'") ? '' : `${value}\n`
  if (quote === '"') return `${value.replace(/["\\$`]/g, '\\$&')}\n`
  const escaped = value.replace(/[^\w%+,./:=@^\x80-\uffff-]/g, '\\$&')
  if (skipped === 0) return `${escaped}\n`
  return escaped.startsWith(raw) ? `${escaped.slice(skipped)}\n` : ''
}

/** What a shell loads. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  bash: String.raw`# Completion of mqnamesrv for bash. In ~/.bashrc: source <(mqnamesrv completion bash)
_mqnamesrv() {
  local reply
  COMPREPLY=()
  while IFS= read -r reply; do
    if [[ $reply == $'\tfiles' ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    [[ $reply == *= ]] && compopt -o nospace 2>/dev/null
    COMPREPLY+=("$reply")
  done < <("${'$'}{1/#\~/$HOME}" __complete bash "${'$'}{COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
}
complete -F _mqnamesrv mqnamesrv
`,
  zsh: String.raw`#compdef mqnamesrv
# Completion of mqnamesrv for zsh. In ~/.zshrc, after compinit: source <(mqnamesrv completion zsh)
_mqnamesrv() {
  local reply
  local -a replies values shown suffix
  replies=("${'$'}{(@f)$("${'$'}{(Q)words[1]/#\~/$HOME}" __complete zsh "${'$'}{(@Q)words[2,CURRENT-1]}" "${'$'}{(Q)PREFIX}" 2>/dev/null)}")
  if [[ $replies[1] == $'\tfiles' ]]; then
    compset -P '-*='
    _files
    return
  fi
  for reply in $replies; do
    values+=("${'$'}{reply%%$'\t'*}")
    shown+=("${'$'}{reply/$'\t'/  -- }")
    [[ $reply == *= ]] && suffix=(-S '')
  done
  [[ $replies[1] == *$'\t'* ]] && suffix+=(-l)
  compadd $suffix -d shown -a -- values
}
if [[ $funcstack[1] == _mqnamesrv ]]; then _mqnamesrv "$@"; else compdef _mqnamesrv mqnamesrv; fi
`,
  fish: String.raw`# Completion of mqnamesrv for fish: mqnamesrv completion fish >~/.config/fish/completions/mqnamesrv.fish
function __mqnamesrv_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -e words[1]
    set -l typed (string unescape -- "$current"; or echo -- "$current")
    set -l replies ($program __complete fish $words "$typed" 2>/dev/null)
    if test "$replies[1]" = \tfiles
        __fish_complete_path "$current"
    else if test (count $replies) -gt 0
        printf '%s\n' $replies
    end
end
complete -c mqnamesrv -f -a '(__mqnamesrv_complete)'
`,
}
