/** A connection of a broker or a client, which asks one thing after the other and minds how it ends. */
import { connect, type Socket } from 'node:net'
import { type Answer, AnswerReader } from './answers.ts'
import { type Request, requestFrame } from './frames.ts'

/** A Java client gives up after 3 seconds; compressed time and a busy machine are allowed for. */
const ANSWER_LIMIT_MS = 15_000

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

export class Line {
  readonly #socket: Socket
  readonly #waiting: Waiting[] = []
  readonly #onLost: (error: Error) => void
  #opaque = 0
  #isOver = false

  private constructor(socket: Socket, onLost: (error: Error) => void) {
    this.#socket = socket
    this.#onLost = onLost
    const reader = new AnswerReader()
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const answer of reader.read(chunk)) this.#take(answer)
      } catch (error) {
        this.#lose(error as Error)
      }
    })
    socket.on('error', (error) => this.#lose(error))
    socket.on('close', () => this.#lose(new Error('the server closed the connection')))
  }

  /**
   * @param localAddress - Whose connection it is, as far as the server can see.
   * @param onLost - Told once if the connection ends without having been closed here.
   */
  static open(port: number, localAddress: string, onLost: (error: Error) => void): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Line(socket, onLost))
      })
    })
  }

  /** Sends a request and gives its response. @throws {Error} (rejects) if none comes in time, or another one. */
  ask(request: Request): Promise<Answer> {
    const opaque = ++this.#opaque
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(
        () => this.#lose(new Error(`no response to ${request.code} within ${ANSWER_LIMIT_MS} ms`)),
        ANSWER_LIMIT_MS,
      )
      this.#waiting.push({ resolve, reject, timer })
      if (this.#isOver) this.#rejectAll(new Error('the connection is closed'))
      else this.#socket.write(requestFrame(request, opaque))
    }).then((answer) => {
      if (answer.opaque !== opaque) throw new Error(`a response to ${answer.opaque} instead of ${opaque}`)
      return answer
    })
  }

  /** Closes it, answers or not. */
  close(): void {
    this.#isOver = true
    this.#rejectAll(new Error('the connection was closed'))
    this.#socket.destroy()
  }

  #take(answer: Answer): void {
    const next = this.#waiting.shift()
    if (next === undefined) throw new Error('a response to nothing')
    clearTimeout(next.timer)
    next.resolve(answer)
  }

  #lose(error: Error): void {
    if (this.#isOver) return
    this.close()
    this.#onLost(error)
  }

  #rejectAll(error: Error): void {
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer)
      reject(error)
    }
  }
}
