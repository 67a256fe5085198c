/**
 * Shapes that commands and answers of SKI's enclaves have in common: readers for plain data from outside.
 *
 * Shape only. Whether bytes are any good is said by whoever works on them.
 * @module
 */
import { text, word, type Reader } from '../../bytes/shape.js'
import type { SecureFunction, SessionAlgorithm, SkiHandle, SkiKeyKind, WrapPadding } from './commands.js'

/** Reads an integer of a range, both ends included. */
export const within =
  (low: number, high: number): Reader<number> =>
  (value) =>
    Number.isInteger(value) && (value as number) >= low && (value as number) <= high ? (value as number) : undefined

/** Reads a logical channel of ISO 7816-4. */
export const channelShape = within(0, 3)

/** Reads the number of a container; whether there is such a one is for the card to say. */
export const containerShape = within(0, 254)

/** Reads 32 bits. */
export const u32Shape = within(0, 0xffffffff)

/** Reads a handle. */
export const handleShape = text(128) as Reader<SkiHandle>

/** Reads bytes as base64url; 12 KiB hold the largest of ours, a sealed RSA key of 4096 bits, several times. */
export const bytesShape = text(16_384)

/** Reads the name of a session-key algorithm. */
export const algorithmShape = word<SessionAlgorithm>('AES-128', 'AES-192', 'AES-256', '3DES_112', '3DES')

/** Reads the name of an RSA padding. */
export const paddingShape = word<WrapPadding>('pkcs1', 'oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512')

/** Reads the name of a secure function. */
export const functionShape = word<SecureFunction>('Import Key Pair', 'Change Authenticator', 'Authenticate')

/** Reads a kind of key. */
export const kindShape = word<SkiKeyKind>('rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-P-256', 'ec-P-384', 'ec-P-521')

/** Reads the one chaining mode. */
export const modeShape = word('CBC')
