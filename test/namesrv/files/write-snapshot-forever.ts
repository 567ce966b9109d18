/** A program for a test to kill: replaces a snapshot by one that says which it is in every line, until it is dead. */
import { writeSnapshotFile } from '../../../src/namesrv/files/route-snapshot-file.ts'

const path = process.argv[2] as string
const lines = Number(process.argv[3])

for (let round = 0; ; round++) {
  let left = lines
  await writeSnapshotFile(path, () => (left-- > 0 ? `["${round}"]\n`.repeat(1_000) : ''))
  if (round === 0) process.stdout.write('begun\n')
}
