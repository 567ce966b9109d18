/** A program for a test to kill: replaces a file by one full of a letter and then of the next, until it is dead. */
import { hasContent, replaceFile } from '../../../src/namesrv/files/atomic-file.ts'

const path = process.argv[2] as string
const bytes = Number(process.argv[3])
const contents = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((letter) => Buffer.alloc(bytes, letter))

for (let round = 0; ; round++) {
  await replaceFile(path, contents[round % contents.length] as Buffer, { keepsBackup: hasContent })
  if (round === 0) process.stdout.write('begun\n')
}
