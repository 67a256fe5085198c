/**
 * The two platform globals that the pure floors may use. `src/` is compiled once more without Node's and the DOM's
 * types (tsconfig.pure.json), so that a stray `Buffer`, `process` or `crypto` is a compile error; these two are in every runtime.
 */
declare class URL {
  constructor(input: string, base?: string)
  readonly protocol: string
  readonly username: string
  readonly password: string
  readonly host: string
  readonly hostname: string
  readonly port: string
  readonly pathname: string
  readonly search: string
  readonly hash: string
  readonly origin: string
  readonly href: string
}
declare class TextEncoder {
  encode(input?: string): Uint8Array
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: Uint8Array): string
}
