/**
 * Which key format some DER looks like, told by the tags of its outermost elements. For error messages and for files
 * that do not say what they are; a decoder never relies on it.
 * @module
 */
import { readDer, TAG } from '../bytes/der.js'

/** The formats that can be told apart. */
export type DerForm = 'PKCS#8' | 'encrypted PKCS#8' | 'PKCS#1 private key' | 'PKCS#1 public key' | 'SEC1' | 'SPKI' | 'DSA private key' | 'certificate'

/** The format, or `null` where the bytes are no DER or no format of these. Zero bytes behind the DER are not looked at. */
export function recogniseDer(bytes: Uint8Array): DerForm | null {
  const shape = readDer(bytes, (der) => {
    const letters = der.sequence('', (inside) => {
      let found = ''
      while (!inside.done) {
        found += LETTERS.get(inside.tag!) ?? 'x'
        inside.skip('')
      }
      return found
    })
    der.zeros(bytes.length)
    return letters
  })
  return shape.ok ? (SHAPES.find(([pattern]) => pattern.test(shape.value))?.[1] ?? null) : null
}

const LETTERS: ReadonlyMap<number, string> = new Map([
  [TAG.integer, 'i'],
  [TAG.octetString, 'o'],
  [TAG.bitString, 'b'],
  [TAG.sequence, 's'],
])

const SHAPES: readonly (readonly [RegExp, DerForm])[] = [
  [/^isox*$/, 'PKCS#8'],
  [/^so$/, 'encrypted PKCS#8'],
  [/^i{9}s?$/, 'PKCS#1 private key'],
  [/^ii$/, 'PKCS#1 public key'],
  [/^iox*$/, 'SEC1'],
  [/^sb$/, 'SPKI'],
  [/^i{6}$/, 'DSA private key'],
  [/^ssb$/, 'certificate'],
]
