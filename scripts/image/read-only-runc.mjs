#!/usr/bin/env node
// runc for containers with a read-only root file system, which buildah cannot start.
import { runRunc } from './runc.mjs'

runRunc({
  changeContainer: (config) => {
    config.root.readonly = true
  },
})
