/**
 * Evidence: a statement about a key, signed by the HSM behind a vault, as text that any channel may carry.
 *
 *   base64url(statement) "." base64url(ECDSA-P256-SHA256(label ‖ statement))
 *
 * The label keeps the signature from being taken for one of another kind. Whoever judges needs the public key of the HSM
 * as an anchor that was installed over another way than the evidence itself. Judging says only that the statement is
 * genuine; what it must state is said by the rules.
 *
 * Requirements: BYOK-134, BYOK-135, BYOK-141.
 * @module
 */
import { fromBase64url, toBase64url } from '../bytes/base64.js'
import { concat, requireBytes, utf8 } from '../bytes/bytes.js'
import type { Crypto } from '../crypto/crypto.js'
import type { EcPrivateKey, EcPublicKey } from '../crypto/keys.js'
import type { Maybe } from '../verdict.js'
import { decodeStatement, encodeStatement, type Statement } from './statement.js'
import { run, wait, type Steps } from './steps.js'

/** What is signed before the statement; its last byte is a zero byte. */
export const EVIDENCE_LABEL = 'keyferry key evidence v1\0'

/** The longest evidence that is looked at, in characters. */
export const EVIDENCE_LIMIT = 8192

/** Signs a statement with the key of an HSM, which signs nothing else. */
export const signEvidence = (crypto: Crypto, key: EcPrivateKey, statement: Statement): Maybe<string> => run(signSteps(crypto, key, statement))

/** {@link signEvidence} for work in steps. */
export function* signSteps(crypto: Crypto, key: EcPrivateKey, statement: Statement): Steps<string> {
  const body = encodeStatement(statement)
  const signature = yield* wait(crypto.ecdsaSign(key, concat(utf8(EVIDENCE_LABEL), body)))
  requireBytes(signature, 'signature', SIGNATURE_BYTES)
  return `${toBase64url(body)}.${toBase64url(signature)}`
}

/** The statement, if the text is evidence in its one form and one of the anchors signed it; otherwise `null`. */
export const judgeEvidence = (crypto: Crypto, anchors: readonly EcPublicKey[], text: string): Maybe<Statement | null> => run(judgeSteps(crypto, anchors, text))

/** {@link judgeEvidence} for work in steps. */
export function* judgeSteps(crypto: Crypto, anchors: readonly EcPublicKey[], text: string): Steps<Statement | null> {
  if (text.length > EVIDENCE_LIMIT) return null
  const parts = text.split('.')
  const [body, signature] = parts.map((part) => fromBase64url(part))
  if (parts.length !== 2 || !body?.ok || !signature?.ok || signature.value.length !== SIGNATURE_BYTES) return null
  const statement = decodeStatement(body.value)
  if (statement === null) return null
  const signed = concat(utf8(EVIDENCE_LABEL), body.value)
  for (const anchor of anchors) if (yield* wait(crypto.ecdsaVerify(anchor, signed, signature.value))) return statement
  return null
}

const SIGNATURE_BYTES = 64
