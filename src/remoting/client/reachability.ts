import type { OutgoingConnectionOptions } from './outgoing-connection.ts'
import { parseRemoteAddress } from './remote-address.ts'
import { RemotingClientError } from './remoting-client-error.ts'

/**
 * Opens a connection to an address and closes it at once, without a word.
 * @param address - `host:port`
 * @throws {RemotingClientError} (rejects) `ERR_CONNECT`, caused by the socket's error or, if the time is over, by nothing;
 * `ERR_ADDRESS`.
 */
export async function reach(
  address: string,
  {
    connect,
    connectTimeoutMs,
    after,
  }: Pick<OutgoingConnectionOptions, 'connect' | 'connectTimeoutMs' | 'after'>,
): Promise<void> {
  const remote = parseRemoteAddress(address)
  await new Promise<void>((resolve, reject) => {
    const socket = connect(remote, () => end(resolve))
    const cancelTimeout = after(connectTimeoutMs, () => {
      const message = `no connection to ${address} within ${connectTimeoutMs} ms`
      end(() => reject(new RemotingClientError('ERR_CONNECT', message)))
    })
    const end = (tell: () => void): void => {
      cancelTimeout()
      socket.destroy()
      tell()
    }
    socket.on('error', (cause) => {
      end(() =>
        reject(
          new RemotingClientError('ERR_CONNECT', `no connection to ${address}: ${cause.message}`, { cause }),
        ),
      )
    })
  })
}
