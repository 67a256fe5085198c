/**
 * Transfer blobs made by node:crypto, honest ones and ones with a single fault.
 * @module
 */
import { constants, createCipheriv, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto'
import { KID } from './harness.js'

/** What to do otherwise than the specification says. */
export interface BlobOptions {
  readonly ephemeral?: Buffer
  readonly oaepHash?: string
  readonly pkcs1?: boolean
  /** The eight bytes in front of the padded payload, before the wrap. */
  readonly head?: Buffer
  /** What the payload is padded with. */
  readonly pad?: number
}

/** C1 ‖ C2. */
export function blobOf(kek: KeyObject, payload: Uint8Array, options: BlobOptions = {}): Buffer {
  const { ephemeral = randomBytes(32), oaepHash = 'sha1', pkcs1 = false, pad = 0 } = options
  const padding = pkcs1 ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_OAEP_PADDING
  const first = publicEncrypt({ key: kek, padding, ...(pkcs1 ? {} : { oaepHash }) }, ephemeral)
  const padded = Buffer.concat([payload, Buffer.alloc((8 - (payload.length % 8)) % 8, pad)])
  const second = wrapPadded(ephemeral, options.head ?? kwpHead(payload.length), padded)
  return Buffer.concat([first, second])
}

/** The eight bytes of RFC 5649 §3. */
export function kwpHead(length: number, constant = 'a65959a6'): Buffer {
  const head = Buffer.from(`${constant}00000000`, 'hex')
  head.writeUInt32BE(length, 4)
  return head
}

/** The wrapping function of SP 800-38F. OpenSSL takes any head for the mode without padding, and at least two semiblocks. */
function wrapPadded(key: Buffer, head: Buffer, padded: Buffer): Buffer {
  const bits = 8 * key.length
  if (padded.length === 8) {
    const cipher = createCipheriv(`aes-${bits}-ecb`, key, null).setAutoPadding(false)
    return Buffer.concat([cipher.update(Buffer.concat([head, padded])), cipher.final()])
  }
  const cipher = createCipheriv(`id-aes${bits}-wrap`, key, head)
  return Buffer.concat([cipher.update(padded), cipher.final()])
}

/** A transfer file around a blob. */
export const fileOf = (blob: Uint8Array, extra: object = {}): string =>
  JSON.stringify({
    schema_version: '1.0.0',
    header: { kid: KID, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
    ciphertext: Buffer.from(blob).toString('base64url'),
    generator: 'a test',
    ...extra,
  })
