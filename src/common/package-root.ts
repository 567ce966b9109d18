/**
 * A file of the package. The build keeps this module as deep below its root as it is here.
 * @param path - Relative to the root.
 * @throws {TypeError} `ERR_INVALID_URL` in a bundle in CommonJS, where a module has no URL.
 */
export function inPackage(path: string): URL {
  return new URL(`../../${path}`, import.meta.url)
}
