import { setFlagsFromString } from 'node:v8'

/** Options of Node that switch a compiler off for good. With `--jitless`, V8 crashes if it is on. */
const SWITCHED_OFF = {
  opt: /--(jitless|lite[-_]mode|no[-_]?(opt|turbofan))\b/,
  maglev: /--(jitless|lite[-_]mode|no[-_]?maglev)\b/,
}

/**
 * Turns V8's optimizing compilers on or off. While a server's modules are loaded they would compile Node's module loader, which then
 * runs no more, and bring 8 MB of the Node binary into memory.
 *
 * @param options - Those with which Node was started: what they switch off stays off.
 */
export function setOptimizing(
  isOn: boolean,
  options = `${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS']}`,
): void {
  for (const [compiler, switchedOff] of Object.entries(SWITCHED_OFF))
    if (!isOn || !switchedOff.test(options)) setFlagsFromString(`--${isOn ? '' : 'no-'}${compiler}`)
}
