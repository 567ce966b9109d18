/**
 * Writes the table of rules in docs/monitoring.md from src/inspect/findings/rules.ts:
 *
 *     npx tsx scripts/docs/findings-table.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { RULE_IDS, ruleOf } from '../../src/inspect/findings/rules.ts'
import { MONITORING_PAGE } from './metrics-table.ts'

/** A text with the part between `<!-- findings -->` and `<!-- /findings -->` replaced by the table of rules. */
export function withRuleTable(text: string): string {
  return text.replace(
    /(<!-- findings -->\n)[\s\S]*?(<!-- \/findings -->)/,
    (_, begin: string, end: string) => `${begin}\n${renderRules()}\n\n${end}`,
  )
}

function renderRules(): string {
  const rows = RULE_IDS.map((id) => {
    const { severities, raiseAfterMs, meaning } = ruleOf(id)
    return [`\`${id}\``, severities.join(', '), durationText(raiseAfterMs), meaning]
  })
  return [['rule', 'severity', 'raised after', 'meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function durationText(ms: number): string {
  if (ms === 0) return 'at once'
  return ms < 3_600_000 ? `${ms / 1_000} s` : `${ms / 3_600_000} h`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(MONITORING_PAGE, withRuleTable(readFileSync(MONITORING_PAGE, 'utf8')))
}
