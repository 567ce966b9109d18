import { RULE_IDS, ruleOf } from '../../src/inspect/findings/rules.ts'
import { markdownTable, withParts } from './markdown.ts'

/** docs/monitoring.md with the rules of src/inspect/findings. */
export function withRules(page: string): string {
  return withParts(page, 'findings', rulesTable)
}

function rulesTable(): string {
  const rows = RULE_IDS.map((id) => {
    const { severities, raiseAfterMs, meaning } = ruleOf(id)
    return [`\`${id}\``, severities.join(', '), durationText(raiseAfterMs), meaning]
  })
  return markdownTable([['rule', 'severity', 'raised after', 'meaning'], ...rows])
}

function durationText(ms: number): string {
  if (ms === 0) return 'at once'
  return ms < 3_600_000 ? `${ms / 1_000} s` : `${ms / 3_600_000} h`
}
