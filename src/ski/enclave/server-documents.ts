/**
 * K2 in documents: the PKCS#10 request that it signs, and the CMS structure in which it goes to the recovery agents. The
 * structures are built by a {@link Pki} that sees public keys and ciphertext; the key work is done here.
 *
 * K2 signs one thing on the server: a request that names K2 itself. Whatever else a builder of documents asks to be signed
 * is refused.
 *
 * Spec: spec/ski.md, SKI-24 to SKI-26, SKI-261, SKI-263, SKI-265.
 * @module
 */
import { toBase64url } from '../../bytes/base64.js'
import { equalBytes, requireBytes } from '../../bytes/bytes.js'
import { readDer } from '../../bytes/der.js'
import type { Crypto } from '../../crypto/crypto.js'
import { checkPublicKey } from '../../crypto/key-check.js'
import { copyKey, publicPart } from '../../crypto/key-parts.js'
import type { PrivateKey, PublicKey } from '../../crypto/keys.js'
import { encodeSpki } from '../../crypto/spki.js'
import { writeTarget } from '../../crypto/target.js'
import { wait, type Steps } from '../../enclave/steps.js'
import { accept, refuse, type Verdict } from '../../verdict.js'
import type { Pki, RecoveryAgent } from '../pki.js'
import type { SkiFault } from './commands.js'
import { done, fresh, known, peerBytes, type ServerJob, type ServerWork } from './server-job.js'
import { privateKeyOf } from './server-secrets.js'

/** A PKCS#10 request for K2, signed by it. */
export function* requestCertificate(job: ServerJob<'requestCertificate'>): ServerWork {
  const { bench, command, tools } = job
  const key = privateKeyOf(job, command.key)
  const built = yield* wait(known(tools.pki).certificateRequest(command.subject, copyKey(publicPart(key as PublicKey))))
  if (!built.ok) return refuse({ code: 'certificate_request_invalid', at: 'subject', found: built.fault.code, requirement: 'SKI-263' })
  const { toBeSigned } = built.value
  requireBytes(toBeSigned, 'toBeSigned')
  const text = toBeSigned.slice()
  if (!isRequestFor(text, key))
    return refuse({ code: 'certificate_request_invalid', at: 'toBeSigned', wanted: 'a request for this key', requirement: 'SKI-263' })
  const request = built.value.signed(yield* signDocument(bench.crypto, key, text))
  requireBytes(request, 'request')
  return done({ type: 'requestCertificate', request: toBase64url(request) })
}

/** K2 as CMS EnvelopedData: a fresh content key and IV, and the content key to each agent. */
export function* envelopeKey(job: ServerJob<'envelopeKey'>): ServerWork {
  const { bench, command, tools, scratch } = job
  const pki = known(tools.pki)
  const agents = yield* readAgents(pki, command.agents)
  if (!agents.ok) return agents
  const contentKey = scratch.bytes('archive content key', fresh(bench, 32))
  const iv = fresh(bench, 16)
  // Written at the last moment before it is enciphered, so that a key that is destroyed meanwhile is not archived as zeros.
  const content = scratch.bytes('K2: PKCS#8', writeTarget(privateKeyOf(job, command.key)))
  const encryptedContent = yield* wait(bench.crypto.cbcEncrypt(contentKey, iv, content))
  requireBytes(encryptedContent, 'encryptedContent')
  const recipients = []
  for (const agent of agents.value) {
    const encryptedKey = yield* wait(bench.crypto.oaepEncrypt(agent.key, contentKey, { hash: 'SHA-256', mgf1: 'SHA-256' }))
    requireBytes(encryptedKey, 'encryptedKey', agent.key.n.length)
    recipients.push({ agent, encryptedKey })
  }
  const envelope = yield* wait(pki.envelope({ recipients, iv, encryptedContent }))
  if (!envelope.ok) return refuse({ code: 'format_invalid', at: 'agents', found: envelope.fault.code, requirement: 'SKI-265' })
  requireBytes(envelope.value, 'envelope')
  return done({ type: 'envelopeKey', envelope: toBase64url(envelope.value) })
}

/** A signature for an X.509 or PKCS#10 document, in the core's form: RSASSA-PKCS1-v1_5 with SHA-256, or r ‖ s. */
export function* signDocument(crypto: Crypto, key: PrivateKey, text: Uint8Array): Steps<Uint8Array> {
  const signature = yield* wait(key.type === 'RSA' ? crypto.rsaSign(key, 'SHA-256', text) : crypto.ecdsaSign(key, text))
  requireBytes(signature, 'signature', key.type === 'RSA' ? key.n.length : 2 * key.x.length)
  return signature
}

/** Whether bytes are a CertificationRequestInfo (RFC 2986 §4.1) for this key. */
export function isRequestFor(bytes: Uint8Array, key: PublicKey): boolean {
  const read = readDer(bytes, (der) =>
    der.sequence('CertificationRequestInfo', (info) => {
      const version = info.smallInteger('version')
      info.sequence('subject', (name) => {
        while (!name.done) name.skip('RelativeDistinguishedName')
      })
      const from = info.offset
      info.skip('subjectPKInfo')
      const spki = bytes.subarray(from, info.offset)
      while (!info.done) info.skip('attributes')
      return version === 0 && equalBytes(spki, encodeSpki(key))
    }),
  )
  return read.ok && read.value
}

function* readAgents(pki: Pki, texts: readonly string[]): Steps<Verdict<readonly RecoveryAgent[], SkiFault>> {
  const agents: RecoveryAgent[] = []
  for (const [at, text] of texts.entries()) {
    const bytes = peerBytes(text)
    const read = bytes && (yield* wait(pki.readCertificate(bytes)))
    const key = read?.ok ? read.value.key : null
    if (bytes === null || key?.type !== 'RSA' || !checkPublicKey(key).ok)
      return refuse({ code: 'format_invalid', at: `agents[${at}]`, wanted: 'a certificate of an RSA key', requirement: 'SKI-265' })
    agents.push({ certificate: bytes, key })
  }
  return accept(agents)
}
