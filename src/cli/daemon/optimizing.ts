import { setFlagsFromString } from 'node:v8'

/**
 * Turns V8's optimizing compilers on or off. While a server's modules are loaded they would compile Node's module loader, which then
 * runs no more, and bring 8 MB of the Node binary into memory.
 */
export function setOptimizing(isOn: boolean): void {
  for (const compiler of ['opt', 'maglev']) setFlagsFromString(`--${isOn ? '' : 'no-'}${compiler}`)
}
