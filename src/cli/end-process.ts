/** How long file operations may take that are under way at the end, in milliseconds; then the disk is held to hang. */
const PATIENCE_MS = 1_000

/** Time between two looks at them, in milliseconds. */
const LOOK_AGAIN_MS = 20

/**
 * Ends the process, at once if nothing is under way.
 *
 * Node waits at its end for file operations that other threads are in, for ever where a disk or its network hangs. Such a
 * process is killed: its exit code is then not `code`, and whoever looks after it sees SIGKILL.
 */
export function endProcess(code: number): void {
  const endMs = performance.now() + PATIENCE_MS
  const end = (): void => {
    if (isWaitingForFiles() && performance.now() < endMs) {
      setTimeout(end, LOOK_AGAIN_MS)
      return
    }
    if (isWaitingForFiles()) process.kill(process.pid, 'SIGKILL')
    process.exit(code)
  }
  end()
}

function isWaitingForFiles(): boolean {
  return process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'))
}
