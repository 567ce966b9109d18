import { createServer } from 'node:net'

// Below the range from which systems take the ports of outgoing connections (on Linux from 32,768), so that none of those is in the way.
// Each worker of the run, at most five, has a range of its own, so that two do not choose the same port at the same time.
const PORTS_OF_A_WORKER = 4_000
const FIRST_PORT = 8_000 + PORTS_OF_A_WORKER * Number(process.env['VITEST_POOL_ID'] ?? 0)
const LAST_PORT = FIRST_PORT + PORTS_OF_A_WORKER

const given = new Set<number>()

/** A free port that was not returned before. */
export async function freePort(): Promise<number> {
  return freePortWith([0])
}

/** A port for a broker's `listenPort`: the ports 2 below and 1 above are its as well. */
export async function freeBrokerPort(): Promise<number> {
  return freePortWith([-2, 0, 1])
}

async function freePortWith(offsets: readonly number[]): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT))
    const ports = offsets.map((offset) => port + offset)
    if (ports.some((each) => given.has(each))) continue
    const free = await Promise.all(ports.map(isFree))
    if (!free.every(Boolean)) continue
    for (const each of ports) given.add(each)
    return port
  }
  throw new Error(`no free port between ${FIRST_PORT} and ${LAST_PORT}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // No host: every address, as brokers and old NameServers bind.
    const server = createServer()
      .on('error', () => resolve(false))
      .listen(port, () => server.close(() => resolve(true)))
  })
}
