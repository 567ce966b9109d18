/** Maximum time for file operations that are under way when the process ends; then the disk counts as hanging. */
const FILE_TIMEOUT_MS = 1_000
const FILE_CHECK_MS = 20

/**
 * Ends the process, at once if no file operation is under way.
 *
 * Node waits at its end for file operations in other threads, forever if a disk or its network hangs. Such a process is killed:
 * its parent then sees SIGKILL instead of the exit code.
 */
export function endProcess(code: number): void {
  const endMs = performance.now() + FILE_TIMEOUT_MS
  const isWaitingForFiles = (): boolean =>
    process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'))
  const end = (): void => {
    if (isWaitingForFiles() && performance.now() < endMs) {
      setTimeout(end, FILE_CHECK_MS)
      return
    }
    if (isWaitingForFiles()) process.kill(process.pid, 'SIGKILL')
    process.exit(code)
  }
  end()
}
