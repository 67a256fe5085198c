/**
 * What tests of enclaves share: keys, blobs and evidence made by `node:crypto` alone, so that expected values come from
 * somebody else; crypto providers with RSA keys in stock, or that answer when the test says so; and answers as they must be.
 * @module
 */
import * as assert from 'uvu/assert'
import * as native from 'node:crypto'
import type { Crypto } from '../../src/crypto/crypto.js'
import { copyKey } from '../../src/crypto/key-parts.js'
import type { EcPrivateKey, RsaPrivateKey } from '../../src/crypto/keys.js'
import { toBase64url } from '../../src/bytes/base64.js'
import type { Enclave, EnclaveAnswer, EnclaveCommand, EnclaveFault, KeyKind, PublicPart } from '../../src/enclave/commands.js'
import { nativeKeyPair } from '../support/native.js'

/** The vault of these tests. */
export const VAULT = 'https://contoso.vault.azure.net'

/** A key pair of node's, with the forms that tests need. */
export interface NativeKey {
  readonly kind: KeyKind
  readonly payload: Uint8Array
  readonly part: PublicPart
  /** `spki-sha256:…`, or `null` for a symmetric key. */
  readonly identity: string | null
}

const made = new Map<string, NativeKey>()

/** A key of a kind, made by node once per process and number. */
export function nativeKey(kind: KeyKind, number = 0): NativeKey {
  const name = `${kind} ${number}`
  const known = made.get(name)
  if (known) return known
  const key = makeNativeKey(kind)
  made.set(name, key)
  return key
}

function makeNativeKey(kind: KeyKind): NativeKey {
  const [family, size] = [kind.slice(0, kind.indexOf('-')), kind.slice(kind.indexOf('-') + 1)]
  if (family === 'oct') return { kind, payload: own(native.randomBytes(Number(size) / 8)), part: { kty: 'oct' }, identity: null }
  const pair =
    family === 'rsa'
      ? nativeKeyPair({ type: 'rsa', modulusLength: Number(size) })
      : nativeKeyPair({ type: 'ec', namedCurve: { 'P-256': 'prime256v1', 'P-256K': 'secp256k1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }[size]! })
  return {
    kind,
    payload: own(pair.privateKey.export({ type: 'pkcs8', format: 'der' })),
    part: partOf(pair.publicKey),
    identity: identityOf(pair.publicKey),
  }
}

/** The public part of a key object of node's, in our members. */
export function partOf(key: native.KeyObject): PublicPart {
  const { kty, n, e, crv, x, y } = key.export({ format: 'jwk' })
  return kty === 'RSA' ? { kty, n: n!, e: e! } : { kty: 'EC', crv: (crv === 'secp256k1' ? 'P-256K' : crv) as never, x: x!, y: y! }
}

/** SHA-256 of the SubjectPublicKeyInfo that node writes. */
export const identityOf = (key: native.KeyObject): string =>
  `spki-sha256:${native
    .createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`

/** A private RSA key of node's in our form. */
export function rsaKey(kind: 'rsa-2048' | 'rsa-3072' | 'rsa-4096', number = 0): RsaPrivateKey {
  const jwk = native.createPrivateKey({ key: Buffer.from(nativeKey(kind, number).payload), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  const [n, e, d, p, q, dp, dq, qi] = (['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const).map((name) => own(Buffer.from(jwk[name]!, 'base64url')))
  return { type: 'RSA', n: n!, e: e!, d: d!, p: p!, q: q!, dp: dp!, dq: dq!, qi: qi! }
}

/** A P-256 key of node's in our form. */
export function ecKey(number = 0): EcPrivateKey {
  const jwk = native.createPrivateKey({ key: Buffer.from(nativeKey('ec-P-256', number).payload), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  const [x, y, d] = (['x', 'y', 'd'] as const).map((name) => own(Buffer.from(jwk[name]!, 'base64url')))
  return { type: 'EC', curve: 'P-256', x: x!, y: y!, d: d! }
}

/** The evidence key of the vault's HSM, and another HSM's. */
export const SIGNING_KEY = 1000
/** See {@link SIGNING_KEY}. */
export const OTHER_SIGNING_KEY = 1001

/** CKM_RSA_AES_KEY_WRAP by node alone: OAEP with SHA-1 of a fresh AES-256 key, then RFC 5649. */
export function nativeWrap(kek: { readonly n: string; readonly e: string }, payload: Uint8Array): string {
  const key = native.createPublicKey({ key: { kty: 'RSA', n: kek.n, e: kek.e }, format: 'jwk' })
  const ephemeral = native.randomBytes(32)
  const first = native.publicEncrypt({ key, padding: native.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, ephemeral)
  const cipher = native.createCipheriv('id-aes256-wrap-pad', ephemeral, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([first, cipher.update(payload), cipher.final()]).toString('base64url')
}

/** What {@link nativeWrapOf} puts together: as it has to be, unless given. */
export interface Wrapping {
  readonly oaepHash?: string
  readonly ephemeralBytes?: number
  /** The integrity constant and the message length indicator, 16 hex digits. */
  readonly initial?: string
  /** Behind the payload, up to a multiple of 8. */
  readonly padding?: number
}

/** The same from its parts, RFC 3394 by node, so that each part can be wrong by itself. */
export function nativeWrapOf(kek: { readonly n: string; readonly e: string }, payload: Uint8Array, wrapping: Wrapping = {}): string {
  const { oaepHash = 'sha1', ephemeralBytes = 32, initial = `a65959a6${payload.length.toString(16).padStart(8, '0')}`, padding = 0 } = wrapping
  const key = native.createPublicKey({ key: { kty: 'RSA', n: kek.n, e: kek.e }, format: 'jwk' })
  const ephemeral = native.randomBytes(ephemeralBytes)
  const first = native.publicEncrypt({ key, padding: native.constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, ephemeral)
  const cipher = native.createCipheriv(`id-aes${8 * ephemeralBytes}-wrap`, ephemeral, Buffer.from(initial, 'hex'))
  const padded = Buffer.alloc(8 * Math.ceil(payload.length / 8), padding)
  padded.set(payload)
  return Buffer.concat([first, cipher.update(padded), cipher.final()]).toString('base64url')
}

/** The reverse, with node's private key of a number. */
export function nativeUnwrap(kind: 'rsa-2048' | 'rsa-3072' | 'rsa-4096', number: number, ciphertext: string): { ephemeral: Uint8Array; payload: Uint8Array } {
  const key = native.createPrivateKey({ key: Buffer.from(nativeKey(kind, number).payload), format: 'der', type: 'pkcs8' })
  const blob = Buffer.from(ciphertext, 'base64url')
  const length = Number(kind.slice(4)) / 8
  const ephemeral = native.privateDecrypt({ key, padding: native.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, blob.subarray(0, length))
  const cipher = native.createDecipheriv('id-aes256-wrap-pad', ephemeral, Buffer.from('a65959a6', 'hex'))
  return { ephemeral: own(ephemeral), payload: own(Buffer.concat([cipher.update(blob.subarray(length)), cipher.final()])) }
}

/** Signs any text as evidence, with node. */
export function nativeEvidence(statement: string, number = SIGNING_KEY, label = 'keyferry key evidence v1\0'): string {
  const key = native.createPrivateKey({ key: Buffer.from(nativeKey('ec-P-256', number).payload), format: 'der', type: 'pkcs8' })
  const body = Buffer.from(statement, 'utf8')
  const signature = native.sign('sha256', Buffer.concat([Buffer.from(label, 'latin1'), body]), { key, dsaEncoding: 'ieee-p1363' })
  return `${body.toString('base64url')}.${signature.toString('base64url')}`
}

/** The statement in evidence, if node finds the signature good. */
export function nativeVerify(evidence: string, number = SIGNING_KEY): Record<string, unknown> | null {
  const [body, signature] = evidence.split('.').map((part) => Buffer.from(part, 'base64url'))
  const key = native.createPublicKey(native.createPrivateKey({ key: Buffer.from(nativeKey('ec-P-256', number).payload), format: 'der', type: 'pkcs8' }))
  const signed = Buffer.concat([Buffer.from('keyferry key evidence v1\0', 'latin1'), body!])
  return native.verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature!)
    ? (JSON.parse(body!.toString('utf8')) as Record<string, unknown>)
    : null
}

/** What a vault's HSM says about a KEK, as text, members as given. */
export const kekStatement = (kek: { readonly n: string; readonly e: string }, change: Record<string, unknown> = {}): string =>
  JSON.stringify({
    v: 1,
    kind: 'kek',
    vault: VAULT,
    name: 'kek',
    version: VERSION,
    key: { kty: 'RSA', n: kek.n, e: kek.e },
    check: null,
    origin: 'generated',
    operations: ['import'],
    exportable: false,
    ...change,
  })

/** A version, as good as any. */
export const VERSION = '0123456789abcdef0123456789abcdef'

let fromStock = 0

/** A provider whose RSA keys come from node's stock, so that tests with the pure provider do not wait for primes. */
export function stocked<C extends Crypto>(crypto: C): C {
  return { ...crypto, generateRsa: (bits: number) => (bits === 2048 ? copyKey(rsaKey('rsa-2048', 10 + (fromStock++ % 6))) : crypto.generateRsa(bits)) }
}

/** When a gated provider answers. */
export interface Gate {
  /** From now on answers wait. */
  hold(): void
  /** From now on new answers come at once; those that wait go on waiting. */
  pass(): void
  /** Lets through what waits now; what is asked next waits again. */
  step(): Promise<void>
  /** Lets everything through, and waits until it has settled. */
  release(): Promise<void>
}

/** A provider that computes at once and answers when the gate lets it. */
export function gated(crypto: Crypto): { readonly crypto: Crypto; readonly gate: Gate } {
  let held = false
  const waiting: (() => void)[] = []
  const late =
    <A extends unknown[], R>(work: (...args: A) => R | Promise<R>) =>
    (...args: A): Promise<R> => {
      const result = work(...args)
      return held ? new Promise<void>((resolve) => waiting.push(resolve)).then(() => result) : Promise.resolve(result)
    }
  const slow: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(crypto))
    slow[name] = typeof member === 'function' && name !== 'random' && name !== 'forget' ? late(member as (...args: unknown[]) => unknown) : member
  const gate: Gate = {
    hold: () => void (held = true),
    pass: () => void (held = false),
    step: async () => {
      for (const go of waiting.splice(0)) go()
      await new Promise((resolve) => setImmediate(resolve))
    },
    release: async () => {
      held = false
      for (let rounds = 0; rounds < 20; rounds++) {
        for (const go of waiting.splice(0)) go()
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
  return { crypto: slow as unknown as Crypto, gate }
}

/** Says anything to an enclave. */
export const say = async (enclave: Enclave, conversation: string, command: unknown): Promise<EnclaveAnswer | null> =>
  enclave.perform(conversation, command as EnclaveCommand)

/** Says something and wants an answer of one type. */
export async function ask<T extends EnclaveAnswer['type']>(
  enclave: Enclave,
  conversation: string,
  command: EnclaveCommand,
  type: T,
): Promise<Extract<EnclaveAnswer, { type: T }>> {
  const answer = await say(enclave, conversation, command)
  assert.is(answer?.type === 'enclave.refused' ? `refused: ${answer.fault.code} ${answer.fault.at ?? ''}` : answer?.type, type)
  return answer as Extract<EnclaveAnswer, { type: T }>
}

/** The code of a refusal. */
export function codeOf(answer: EnclaveAnswer | null): EnclaveFault['code'] | null {
  return answer?.type === 'enclave.refused' ? answer.fault.code : null
}

/** Bytes as base64url, for the tests' own values. */
export const base64url = toBase64url

function own(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer)
}
