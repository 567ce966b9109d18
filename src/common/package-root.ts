/** The folder of the package. The build keeps this module as deep below it as it is here. */
export const PACKAGE_ROOT = new URL('../../', import.meta.url)
