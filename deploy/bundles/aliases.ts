/**
 * Other files for packages whose main file cannot be bundled. The UMD form of jsonc-parser passes `require` as
 * an argument, so a bundle would lack the package's other files.
 */
export const ALIASES = { "jsonc-parser": "jsonc-parser/lib/esm/main.js" };
