/**
 * What comes back from an enclave is data from outside too: a token's driver may be broken or replaced. This file makes
 * an answer of it that has the declared shape and no members but its own.
 *
 * Requirements: BYOK-154, BYOK-155, BYOK-157.
 * @module
 */
import { flag, integer, list, nullable, record, text, word, type Reader } from '../bytes/shape.js'
import { CURVES } from '../crypto/keys.js'
import type { EnclaveAnswer, EnclaveFault, KeyFacts, KeyHandle, Kid, Operation, PublicPart } from './commands.js'
import { KEY_KINDS, OPERATIONS } from './kinds.js'

/** Reads a handle. */
export const handleShape = text(128) as Reader<KeyHandle>

const matching =
  (pattern: RegExp): Reader<string> =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? value : undefined

/** Reads the version of a key. */
export const versionShape = matching(/^[0-9a-f]{32}$/)

/** Reads the name of a key version, such that a vault can be asked for it. */
export const kidShape: Reader<Kid> = record({ vault: text(512), name: matching(/^[0-9a-zA-Z-]{1,127}$/), version: versionShape })

/** Reads a list of operations. */
export const operationsShape: Reader<readonly Operation[]> = list(word(...OPERATIONS), 16)

/** Reads bytes as base64url; whether they are any good is for others to say. */
export const bytesShape = text(16_384)

/** Reads the public part of a key. */
export const publicPartShape: Reader<PublicPart> = (value) => {
  const kty = record({ kty: word('RSA', 'EC', 'oct') })(value)?.kty
  if (kty === 'RSA') return record({ kty: word('RSA'), n: bytesShape, e: bytesShape })(value)
  if (kty === 'EC') return record({ kty: word('EC'), crv: word(...CURVES), x: text(128), y: text(128) })(value)
  return kty && { kty }
}

/** Reads what an enclave tells about a key. */
export const factsShape: Reader<KeyFacts> = record({ kind: word(...KEY_KINDS), key: publicPartShape, identity: text(128), operations: operationsShape })

/** Code and requirement; whatever else a driver adds to a fault stays behind. */
const faultShape: Reader<EnclaveFault> = (value) => {
  const code = record({ code: text(64) })(value)
  return code && ({ ...code, ...record({ requirement: text(16) })(value) } as EnclaveFault)
}

const READERS: { readonly [Type in EnclaveAnswer['type']]: Reader<Omit<Extract<EnclaveAnswer, { type: Type }>, 'type'>> } = {
  'enclave.kekHeld': record({ kek: handleShape, fingerprint: text(128), bits: integer, attested: flag, attestedVault: nullable(text(512)) }),
  'enclave.kekTrusted': record({ kek: handleShape }),
  'enclave.wrapped': record({ ciphertext: bytesShape, target: factsShape }),
  'enclave.compared': record({ genuine: flag, sameKey: nullable(flag), kid: nullable(kidShape), operations: nullable(operationsShape) }),
  'enclave.kekMade': record({ key: handleShape, version: versionShape, n: bytesShape, e: bytesShape, evidence: bytesShape }),
  'enclave.imported': record({ key: handleShape, version: versionShape, facts: factsShape, evidence: bytesShape }),
  'enclave.keyMade': record({ key: handleShape, facts: factsShape }),
  'enclave.kept': record({ key: handleShape }),
  'enclave.destroyed': record({ key: handleShape }),
  'enclave.refused': record({ fault: faultShape }),
}

/** Reads an answer, or gives `null`. Never throws, whatever it is given. */
export function readAnswer(value: unknown): EnclaveAnswer | null {
  try {
    const type = word(...(Object.keys(READERS) as EnclaveAnswer['type'][]))((value as { type?: unknown } | null)?.type)
    const members = type && (READERS[type] as Reader<object>)(value)
    return members ? ({ type, ...members } as EnclaveAnswer) : null
  } catch {
    return null
  }
}
