import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withRuleTable } from '../../scripts/docs/findings-table.ts'
import { MONITORING_PAGE } from '../../scripts/docs/metrics-table.ts'
import { RULE_IDS } from '../../src/inspect/findings/rules.ts'

test('docs/monitoring.md has every rule of the findings; `npx tsx scripts/docs/findings-table.ts` updates it', () => {
  const page = readFileSync(MONITORING_PAGE, 'utf8')
  expect(page).toBe(withRuleTable(page))
  for (const id of RULE_IDS) expect(page).toContain(`| \`${id}\` |`)
})
