#!/usr/bin/env node
// runc on a machine that may not raise the limit of open files: a container that asks for more gets what the machine has.
import { readFileSync } from 'node:fs'
import { runRunc } from '../image/runc.mjs'

const CAP_SYS_RESOURCE = 1n << 24n

const [, capabilities = ''] = /^CapEff:\s+(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
const [, hard = ''] = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []

runRunc({
  changeProcess: ({ rlimits = [] }) => {
    if ((BigInt(`0x${capabilities}`) & CAP_SYS_RESOURCE) !== 0n) return
    for (const limit of rlimits) {
      if (limit.type !== 'RLIMIT_NOFILE') continue
      limit.hard = Math.min(limit.hard, Number(hard))
      limit.soft = Math.min(limit.soft, limit.hard)
    }
  },
})
