import { isoTime } from '../common/iso-time.ts'
import { RULE_IDS, RULES, ruleOf, SEVERITIES } from './findings/rules.ts'
import type { InspectSources } from './sources.ts'
import { choiceOf, type Schema, type View } from './view.ts'

const FINDING_SCHEMA: Schema = {
  type: 'object',
  required: ['rule', 'severity', 'subject', 'since', 'text', 'evidence', 'command'],
  additionalProperties: false,
  properties: {
    rule: { enum: RULE_IDS },
    severity: { enum: SEVERITIES },
    subject: {
      type: 'string',
      description:
        'The NameServer, broker, cluster, topic, peer or file that it is about. Topics of one broker with the same problem are one finding about the broker.',
    },
    since: { type: 'string', format: 'date-time' },
    text: { type: 'string', description: 'What is wrong, why, and what to do' },
    evidence: {
      type: 'object',
      description: 'Numbers, names and times that it rests on, by name',
      additionalProperties: {
        anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'array', items: { type: 'string' } }],
      },
    },
    command: {
      type: ['string', 'null'],
      description:
        'A shell command or a line of `broker.conf` that fixes it, or shows more; null if no single one does. Commands of mqnamesrv and mqadmin ask the NameServers of the variable `NAMESRV_ADDR`.',
    },
  },
}

/** `/api/v1/findings`: what is wrong now. */
export function findingsView({ findings }: InspectSources): View {
  return {
    path: '/api/v1/findings',
    summary: 'What is wrong now, the worst first: each with its cause, its evidence and what fixes it.',
    parameters: [
      { name: 'severity', summary: 'Only findings of this severity.', schema: { enum: SEVERITIES } },
      { name: 'rule', summary: 'Only findings of this rule.', schema: { enum: RULE_IDS } },
    ],
    response: {
      type: 'object',
      required: ['counts', 'rules', 'findings'],
      additionalProperties: false,
      properties: {
        counts: {
          type: 'array',
          description: 'Findings of each rule and severity. Of each, at most 100 are listed.',
          items: {
            type: 'object',
            required: ['rule', 'severity', 'count'],
            additionalProperties: false,
            properties: {
              rule: { enum: RULE_IDS },
              severity: { enum: SEVERITIES },
              count: { type: 'integer', minimum: 1 },
            },
          },
        },
        rules: {
          type: 'array',
          description: 'What is checked',
          items: {
            type: 'object',
            required: ['rule', 'severities', 'meaning'],
            additionalProperties: false,
            properties: {
              rule: { enum: RULE_IDS },
              severities: { type: 'array', items: { enum: SEVERITIES } },
              meaning: { type: 'string' },
            },
          },
        },
        findings: { type: 'array', items: FINDING_SCHEMA },
      },
    },
    read: ({ query }) => {
      const severity = choiceOf(query, 'severity', SEVERITIES)
      const rule = choiceOf(query, 'rule', RULE_IDS)
      const wanted = findings
        .list()
        .filter((each) => (severity ?? each.severity) === each.severity && (rule ?? each.rule) === each.rule)
      return {
        counts: findings.counts.filter(({ count }) => count > 0),
        rules: RULE_IDS.map((id) => ({
          rule: id,
          severities: ruleOf(id).severities,
          meaning: RULES[id].meaning,
        })),
        findings: wanted.map(({ sinceMs, ...finding }) => ({ ...finding, since: isoTime(sinceMs) })),
      }
    },
  }
}
