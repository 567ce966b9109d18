import { Socket } from 'node:net'

/** Most bytes of one read. Node reads a quarter of it at once without this; a large registration comes in fewer steps so. */
const READ_BYTES = 256 * 1024

/** What an accepted socket has inside, as far as it is used here. */
interface SocketInternals {
  readonly _handle?: { readonly useUserBuffer?: (buffer: Uint8Array) => void } | null
  [key: symbol]: unknown
}

/**
 * One buffer that all plain connections read into, instead of 64 KiB that are allocated and freed for every read: a seventh of
 * the processor time of a lookup.
 *
 * Node has this as the option `onread` of a socket that a program makes itself, but not for those that a server accepts. So
 * the option is set from outside, which hangs on how Node names its parts. Where they are not found as expected, as on an
 * encrypted socket, nothing is done and the socket reads in the usual way; `sharedReadBuffer=false` has the same effect.
 *
 * @see The documentation of `new net.Socket` on `onread`.
 */
export class SharedReadBuffer {
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)

  /** Whether bytes are part of this buffer. */
  holds(bytes: Buffer): boolean {
    return bytes.buffer === this.#buffer.buffer
  }

  /**
   * Makes a socket read into the buffer, before its first byte has been read.
   * @param onBytes - Gets what has been read, a view that may change as soon as it returns. There are no `data` events then;
   *   everything else is as usual.
   * @returns False if the socket goes on reading in the usual way.
   */
  attach(socket: Socket, onBytes: (bytes: Buffer) => void): boolean {
    if (Object.getPrototypeOf(socket) !== Socket.prototype) return false
    const internals = socket as unknown as SocketInternals
    const symbols = Object.getOwnPropertySymbols(socket)
    const kBuffer = symbols.find(({ description }) => description === 'kBuffer')
    const kBufferCb = symbols.find(({ description }) => description === 'kBufferCb')
    const handle = internals._handle
    if (kBuffer === undefined || kBufferCb === undefined) return false
    if (internals[kBuffer] !== null || internals[kBufferCb] !== null) return false
    if (typeof handle?.useUserBuffer !== 'function') return false
    handle.useUserBuffer(this.#buffer)
    internals[kBuffer] = this.#buffer
    internals[kBufferCb] = (bytes: number, buffer: Buffer): boolean => {
      onBytes(buffer.subarray(0, bytes))
      return true
    }
    socket.resume()
    return true
  }
}
