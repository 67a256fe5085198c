/**
 * Between our byte strings and the object trees of pkijs and asn1js. Those two build and serialise here; they are handed
 * public parts only, and no engine of theirs is ever asked for cryptography. What strangers send is read by `read.ts`.
 * @module
 */
import { fromBER, OctetString, type BaseBlock } from 'asn1js'
import { PublicKeyInfo, RelativeDistinguishedNames } from 'pkijs'
import { checkPublicKey } from '../../src/crypto/key-check.js'
import type { PublicKey } from '../../src/crypto/keys.js'
import { encodeSpki } from '../../src/crypto/spki.js'
import type { PkiFault } from '../../src/ski/pki.js'
import { accept, refuse, type Verdict } from '../../src/verdict.js'

/** The DER of a tree. */
export const toDer = (tree: BaseBlock): Uint8Array => new Uint8Array(tree.toBER())

/** The tree of DER that we wrote, or have read strictly, ourselves. */
export function fromDer(der: Uint8Array): BaseBlock {
  const { offset, result } = fromBER(plain(der))
  if (offset !== der.length) throw new Error(`asn1js does not read what was written: ${result.error}`)
  return result
}

/** A name from its DER. */
export const nameOf = (der: Uint8Array): RelativeDistinguishedNames => new RelativeDistinguishedNames({ schema: fromDer(der) })

/** The SubjectPublicKeyInfo of a key; of a private one, only the public part. */
export const publicKeyInfo = (key: PublicKey): PublicKeyInfo => new PublicKeyInfo({ schema: fromDer(encodeSpki(key)) })

/** An OCTET STRING. */
export const octets = (bytes: Uint8Array): OctetString => new OctetString({ valueHex: plain(bytes) })

/** A copy in a buffer of its own, as asn1js keeps what it is given. */
export const plain = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

/** Whether a key may stand in a document: its numbers are those of a key of a size or on a curve that is known here. */
export function checkedKey<Key extends PublicKey>(key: Key, at: string): Verdict<Key, PkiFault> {
  const checked = checkPublicKey(key)
  return checked.ok ? accept(key) : refuse({ code: 'key_not_supported', at, found: checked.fault.code })
}
