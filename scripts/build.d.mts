/** Bundles the sources: `cli/main.js` and `index.js` in a folder, and what they share in `chunks`. */
export function buildProgram(folder: string): Promise<void>
/** Builds all of `dist` into a folder, which is replaced as a whole. @throws {Error} The compiler's complaints are on stderr. */
export function buildAll(folder: string): Promise<void>
