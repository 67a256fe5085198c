/**
 * Honest things to spoil: a kid, a blob of the right length, and a transfer file as `JSON.stringify` and `Buffer` make it.
 * @module
 */
import { createHash } from 'node:crypto'

/** Deterministic bytes that look random. */
export function bytes(length: number, label = 'blob'): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash('sha256').update(`${label} ${i}`).digest())
  return Buffer.concat(blocks).subarray(0, length)
}

/** A key identifier. */
export const KID = 'https://contoso.vault.azure.net/keys/kek-2026/0123456789abcdef0123456789abcdef'

/** What {@link KID} says. */
export const KID_PARTS = { vault: 'https://contoso.vault.azure.net', name: 'kek-2026', version: '0123456789abcdef0123456789abcdef' }

/** A blob as long as one with a P-256 target under a 2048-bit KEK. Its text has both letters in which the alphabets differ. */
export const BLOB = bytes(408)

/** What makes our files. */
export const GENERATOR = 'keyferry test 1.0; software-sourced key'

/** The members of a file. */
export interface FileMembers {
  readonly schema_version: unknown
  readonly header: unknown
  readonly ciphertext: unknown
  readonly generator?: unknown
}

/** An honest file as an object. */
export const honestObject = (): FileMembers & { readonly header: { kid: string; alg: string; enc: string } } => ({
  schema_version: '1.0.0',
  header: { kid: KID, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
  ciphertext: BLOB.toString('base64url'),
  generator: GENERATOR,
})

/** An honest file as text. */
export const honestText = (): string => `${JSON.stringify(honestObject(), null, 2)}\n`

/** An honest file. */
export const honestFile = (): Buffer => Buffer.from(honestText())

/** A file with some members changed; `undefined` takes one away. */
export const fileWith = (changes: Partial<FileMembers> & Record<string, unknown>): Buffer => Buffer.from(JSON.stringify({ ...honestObject(), ...changes }))

/** A file with some members of the header changed. */
export const headerWith = (changes: Record<string, unknown>): Buffer => fileWith({ header: { ...honestObject().header, ...changes } })

/** A file with another ciphertext text. */
export const ciphertextWith = (ciphertext: string): Buffer => fileWith({ ciphertext })

/** A file from text with one piece replaced; the piece has to be there. */
export function textWith(piece: string, replacement: string): Buffer {
  const text = honestText()
  if (!text.includes(piece)) throw new Error(`the honest file has no ${piece}`)
  return Buffer.from(text.replace(piece, () => replacement))
}
