/**
 * The key formats of a card's containers, by key spec.
 *
 * A private key that is given to a card (`pbKeyData` of `CardCreateContainer`, and what `CARD_IMPORT_KEYPAIR` carries) is a
 * CAPI `PRIVATEKEYBLOB` or a private `BCRYPT_ECCKEY_BLOB`. A public key that a card shows (`CONTAINER_INFO`) is a CAPI
 * `PUBLICKEYBLOB` or a public `BCRYPT_ECCKEY_BLOB`. That the former holds for `CARD_IMPORT_KEYPAIR` too is a reading: this
 * file is its one place.
 *
 * Requirements: SKI-86, SKI-90.
 * @module
 */
import { wipe } from '../../bytes/bytes.js'
import type { Observe } from '../../bytes/little-endian.js'
import { wipeKey } from '../../crypto/key-parts.js'
import type { PrivateKey, PublicKey } from '../../crypto/keys.js'
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'
import { keySpec } from '../constants/key-specs.js'
import type { KeyUse } from '../constants/names.js'
import { decodePrivateKeyBlob, decodePublicKeyBlob, encodePrivateKeyBlob, encodePublicKeyBlob, fitsCapi, type CapiFault } from './capi.js'
import { recogniseKeyBlob } from './convert.js'
import { decodeEccKeyBlob, encodeEccKeyBlob, type EccKeyBlobFault } from './ecc-key.js'

/** What may be wrong with a key for, or from, a card. */
export type CardKeyFault =
  CapiFault | EccKeyBlobFault | Fault<'key_spec_unknown' | 'key_spec_differs' | 'key_use_differs' | 'card_key_form_differs' | 'card_key_not_expressible'>

/** Writes a private key in the form that the key spec asks for. The result is a secret of the caller's. */
export function encodeCardKey(key: PrivateKey, spec: number): Verdict<Uint8Array, CardKeyFault> {
  const known = keySpec(spec)
  if (!known) return unknownSpec(spec)
  const fault = specFault(key, spec)
  if (fault) return refuse(fault)
  if (key.type === 'EC') return accept(encodeEccKeyBlob({ use: known.use, form: 'private', key }))
  return fitsCapi(key) ? accept(encodePrivateKeyBlob({ use: known.use, key })) : notExpressible('n, e, p, q')
}

/** Reads a private key in the form that the key spec asks for. Not yet checked; a copy that the caller wipes. */
export function decodeCardKey(bytes: Uint8Array, spec: number, observe?: Observe): Verdict<PrivateKey, CardKeyFault> {
  const known = keySpec(spec)
  if (!known) return unknownSpec(spec)
  if (known.type === 'RSA') {
    const read = decodePrivateKeyBlob(bytes, observe)
    if (!read.ok) return read
    if (read.value.use === known.use) return accept(read.value.key)
    wipeKey(read.value.key)
    return useDiffers('PRIVATEKEYBLOB.aiKeyAlg, offset 4', read.value.use, known.use)
  }
  const read = decodeEccKeyBlob(bytes, observe)
  if (!read.ok) return read
  const { use, form, key } = read.value
  if (form === 'public') return formDiffers(form, 'private')
  const fault = specFault(key, spec)
  if (!fault && use === known.use) return accept(key)
  wipe(key.d)
  return fault ? refuse(fault) : useDiffers('BCRYPT_ECCKEY_BLOB.dwMagic, offset 0', use, known.use)
}

/** Writes a public key as `CONTAINER_INFO` shows it. */
export function encodeCardPublicKey(key: PublicKey, use: KeyUse): Verdict<Uint8Array, CardKeyFault> {
  if (key.type === 'RSA') return fitsCapi({ type: 'RSA', n: key.n, e: key.e }) ? accept(encodePublicKeyBlob({ use, key })) : notExpressible('n, e')
  return key.curve === 'P-256K' ? notExpressible('curve') : accept(encodeEccKeyBlob({ use, form: 'public', key }))
}

/** Reads a public key from a slot of `CONTAINER_INFO`. Not yet checked. */
export function decodeCardPublicKey(bytes: Uint8Array, use: KeyUse): Verdict<PublicKey, CardKeyFault> {
  if (recogniseKeyBlob(bytes)?.startsWith('ECC') !== true) {
    const capi = decodePublicKeyBlob(bytes)
    if (!capi.ok) return capi
    return capi.value.use === use ? accept(capi.value.key) : useDiffers('PUBLICKEYBLOB.aiKeyAlg, offset 4', capi.value.use, use)
  }
  const ecc = decodeEccKeyBlob(bytes)
  if (!ecc.ok) return ecc
  const blob = ecc.value
  if (blob.form === 'private') {
    wipe(blob.key.d)
    return formDiffers('private', 'public')
  }
  return blob.use === use ? accept(blob.key) : useDiffers('BCRYPT_ECCKEY_BLOB.dwMagic, offset 0', blob.use, use)
}

/** Whether type and curve of a key are those of the key spec. */
export function specFault(key: PublicKey, spec: number): Fault<'key_spec_unknown' | 'key_spec_differs'> | null {
  const known = keySpec(spec)
  if (!known) return { code: 'key_spec_unknown', found: spec, wanted: '1 to 8', requirement: 'SKI-86' }
  const found = key.type === 'RSA' ? 'RSA' : key.curve
  const wanted = known.curve ?? known.type
  return found === wanted ? null : { code: 'key_spec_differs', at: 'key', found, wanted, requirement: 'SKI-86' }
}

const unknownSpec = (spec: number) => refuse<CardKeyFault>({ code: 'key_spec_unknown', found: spec, wanted: '1 to 8', requirement: 'SKI-86' })
const useDiffers = (at: string, found: KeyUse, wanted: KeyUse) => refuse<CardKeyFault>({ code: 'key_use_differs', at, found, wanted, requirement: 'SKI-86' })
const formDiffers = (found: string, wanted: string) =>
  refuse<CardKeyFault>({ code: 'card_key_form_differs', at: 'BCRYPT_ECCKEY_BLOB.dwMagic, offset 0', found, wanted, requirement: 'SKI-86' })
const notExpressible = (at: string) => refuse<CardKeyFault>({ code: 'card_key_not_expressible', at, requirement: 'SKI-86' })
