/**
 * Vectors for what server and card say to each other with a proof behind it: establishments, card evidence, receipts.
 * @module
 */
import { flipped, fromLabel, sha256 } from './bytes.js'
import type { Test } from './file.js'
import { ecKey, ecSpki, rsaKey, rsaSpki } from './keys.js'
import { BOUND_SESSION as SESSION, s1For } from './ski-derived-keys.js'
import {
  boundKey,
  endorsementOf,
  establishmentOf,
  evidenceOf,
  receiptOf,
  sessionOf,
  type CardProof,
  type Establishment,
  type Evidence,
  type Receipt,
  type ServerProof,
  type Session,
} from './ski-sealed-formats.js'

const SERVER = ecKey('P-256', 'ski/server proof')
const ISSUER = ecKey('P-256', 'ski/card issuer')
const CARD = ecKey('P-256', 'ski/card attestation')
const OTHER = ecKey('P-256', 'ski/other')
const PROOF_KEY = fromLabel('ski/bound/proof key', 32)

/** What whoever judges goes by, as the file shows it. */
const VERIFIER = {
  none: { kind: 'none' },
  signature: { kind: 'signature', keys: [ecSpki(SERVER).toString('hex')] },
  attested: { kind: 'attested', keys: [ecSpki(ISSUER).toString('hex')] },
  sharedKey: { kind: 'sharedKey', key: PROOF_KEY.toString('hex') },
} as const
type Kind = keyof typeof VERIFIER

interface More {
  readonly flags?: readonly string[]
  readonly requirement?: string
}

function test(type: string, id: string, comment: string, kind: Kind, bytes: Buffer, requirement: string, flags: readonly string[] | undefined) {
  return { id: `${type}_${id}`, requirement, comment, ...(flags ? { flags } : {}), type, verifier: VERIFIER[kind], bytes: bytes.toString('hex') }
}

const hexes = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString('hex') : value]))
const containerShown = (container: number): number | null => (container === 255 ? null : container)

const PROVER: Readonly<Record<'none' | 'signature' | 'sharedKey', ServerProof>> = {
  none: { kind: 'none' },
  signature: { kind: 'signature', key: SERVER },
  sharedKey: { kind: 'sharedKey', key: PROOF_KEY },
}
const WRAPPED: Establishment = {
  way: 'session',
  algorithm: 'AES-256',
  padding: 'oaep-sha256',
  container: 2,
  session: SESSION,
  material: fromLabel('ski/wrapped', 256),
}
const AGREED: Establishment = {
  ...{ way: 'agreement', algorithm: 'AES-128', container: 2, session: SESSION },
  material: Buffer.concat([ecKey('P-256', 'ski/server').x, ecKey('P-256', 'ski/server').y]),
}
const SHARED: Establishment = { way: 'shared', algorithm: 'AES-256', container: 255, session: SESSION, material: Buffer.alloc(0) }

/** Establishments (KFPK). */
export function establishments(): Test[] {
  const good = (id: string, comment: string, fields: Establishment, kind: keyof typeof PROVER, requirement = 'SKI-76'): Test => {
    const { way, algorithm, padding = null, container, session, material } = fields
    return {
      ...test('establishment', id, comment, kind, establishmentOf(fields, PROVER[kind]), requirement, undefined),
      ...{ fields: hexes({ way, algorithm, padding, container: containerShown(container), ...session, material, proofKind: kind }), result: 'valid' },
    }
  }
  const unproven = (id: string, comment: string, kind: keyof typeof PROVER, bytes: Buffer, more: More = { flags: ['OtherProof'] }): Test => ({
    ...test('establishment', id, comment, kind, bytes, more.requirement ?? 'SKI-51', more.flags),
    ...{ result: 'invalid', expect: 'proof_refused' },
  })
  const malformed = (id: string, comment: string, change: Partial<Establishment>, expect: string, base = WRAPPED): Test => ({
    ...test('establishment', id, comment, 'sharedKey', establishmentOf({ ...base, ...change }, PROVER.sharedKey), 'SKI-76', ['Format']),
    ...{ result: 'invalid', expect },
  })
  const signed = establishmentOf(WRAPPED, PROVER.signature)
  const tagged = establishmentOf(WRAPPED, PROVER.sharedKey)
  return [
    good('signature', 'a wrapped key, signed', WRAPPED, 'signature', 'SKI-50'),
    good('shared_key', 'a wrapped key, under the shared key', WRAPPED, 'sharedKey', 'SKI-52'),
    good('none', 'no proof, where a policy asks for none', WRAPPED, 'none', 'SKI-53'),
    good('pkcs1_3072', 'PKCS#1 v1.5 under a key of 3072 bits', { ...WRAPPED, padding: 'pkcs1', material: fromLabel('ski/wrapped', 384) }, 'signature'),
    good(
      'oaep_sha1_4096',
      'OAEP with SHA-1 under a key of 4096 bits',
      { ...WRAPPED, padding: 'oaep-sha1', material: fromLabel('ski/wrapped', 512) },
      'signature',
    ),
    good('oaep_sha384', 'OAEP with SHA-384', { ...WRAPPED, padding: 'oaep-sha384', algorithm: '3DES_112' }, 'sharedKey'),
    good('oaep_sha512', 'OAEP with SHA-512', { ...WRAPPED, padding: 'oaep-sha512', algorithm: 'AES-192' }, 'sharedKey'),
    good('agreement_p_256', "the server's point", AGREED, 'signature'),
    good(
      'agreement_p_384',
      "the server's point",
      { ...AGREED, material: Buffer.concat([ecKey('P-384', 'ski/server').x, ecKey('P-384', 'ski/server').y]) },
      'sharedKey',
    ),
    good(
      'agreement_p_521',
      "the server's point",
      { ...AGREED, material: Buffer.concat([ecKey('P-521', 'ski/server').x, ecKey('P-521', 'ski/server').y]) },
      'sharedKey',
    ),
    good('shared', 'nothing but session and nonces', SHARED, 'sharedKey'),
    good('derived', 'nothing but session and nonces', { ...SHARED, way: 'derived' }, 'signature'),
    unproven('other_server', 'signed by another server', 'signature', establishmentOf(WRAPPED, { kind: 'signature', key: OTHER }), {
      flags: ['OtherProof'],
      requirement: 'SKI-50',
    }),
    unproven('other_label', 'the signature of a card', 'signature', establishmentOf({ ...WRAPPED, label: 'keyferry ski key statement v1' }, PROVER.signature)),
    unproven(
      'other_shared_key',
      'under the key of another card',
      'sharedKey',
      establishmentOf(WRAPPED, { kind: 'sharedKey', key: fromLabel('ski/other', 32) }),
    ),
    unproven('kind_differs', 'a shared-key proof where a signature is wanted', 'signature', tagged),
    unproven('kind_differs_signed', 'a signature where a shared-key proof is wanted', 'sharedKey', signed),
    unproven('proof_for_none', 'a signature where none is wanted', 'none', signed),
    unproven('none_for_proof', 'no proof where a signature is wanted', 'signature', establishmentOf(WRAPPED, PROVER.none), {
      flags: ['OtherProof'],
      requirement: 'SKI-50',
    }),
    ...(
      [
        ['session', 12],
        ['server_nonce', 28],
        ['card_nonce', 44],
        ['card_id', 60],
        ['container', 9],
        ['algorithm', 6],
        ['material', 80],
      ] as const
    ).map(([name, at]) =>
      unproven(`bit_of_${name}`, `a bit of the ${name.replace('_', ' ')}`, 'signature', flipped(signed, at), { flags: ['Changed'], requirement: 'SKI-54' }),
    ),
    unproven('bit_of_signature', 'a bit of the signature', 'signature', flipped(signed, -1), { flags: ['Changed'] }),
    unproven('bit_of_tag', 'a bit of the tag', 'sharedKey', flipped(tagged, -1), { flags: ['Changed'] }),
    unproven('truncated', 'the last byte is missing', 'sharedKey', tagged.subarray(0, -1), { flags: ['Length'] }),
    unproven('empty', 'no bytes at all', 'sharedKey', Buffer.alloc(0), { flags: ['Length'] }),
    malformed('magic', 'another magic word', { magic: 'KFEV' }, 'format_magic_unknown'),
    malformed('version', 'version 2', { version: 2 }, 'format_version_unknown'),
    malformed('way', 'a fifth way', { bytes: { 5: 5 } }, 'format_value_unknown'),
    malformed('algorithm_unknown', 'a sixth algorithm', { bytes: { 6: 6 } }, 'format_value_unknown'),
    malformed('padding_pss', 'the padding of signatures', { bytes: { 7: 4 } }, 'format_value_unknown'),
    malformed('padding_and_hash', 'PKCS#1 v1.5 with a hash', { bytes: { 7: 2 } }, 'format_value_unknown'),
    malformed('no_container', 'no container in the way that needs one', { container: 255 }, 'format_value_unknown'),
    malformed('container_unasked', 'a container in a way that has none', { container: 2 }, 'format_value_unknown', SHARED),
    malformed('padding_unasked', 'an RSA padding in a way without RSA', { bytes: { 7: 2 } }, 'format_value_unknown', SHARED),
    malformed('reserved', 'a reserved byte', { bytes: { 11: 1 } }, 'structure_reserved_not_zero'),
    malformed('material_length', 'as long as no RSA ciphertext', { material: fromLabel('ski/wrapped', 255) }, 'format_length_wrong'),
    malformed('material_unasked', 'key material in a way that has none', { material: Buffer.alloc(64) }, 'format_length_wrong', SHARED),
    malformed('material_announced', 'more material announced than there is', { materialLength: 384 }, 'structure_length_differs'),
    malformed('proof_announced', 'another proof announced', { proofLength: 64 }, 'format_length_wrong'),
  ]
}

const STATEMENT: Evidence = { container: 2, purpose: 'session', cardId: SESSION.cardId, nonce: SESSION.cardNonce, spki: rsaSpki(rsaKey('rsa-2048')) }
const ATTESTED: CardProof = { kind: 'attested', key: CARD, endorsement: endorsementOf(ISSUER, SESSION.cardId, CARD) }
const UNDER_SHARED_KEY: CardProof = { kind: 'sharedKey', key: PROOF_KEY }

/** Card evidence (KFEV). */
export function cardEvidence(): Test[] {
  const good = (id: string, comment: string, fields: Evidence, proof: CardProof, requirement: string): Test => {
    const { container, purpose, cardId, nonce, spki } = fields
    return {
      ...test('evidence', id, comment, proof.kind, evidenceOf(fields, proof), requirement, undefined),
      ...{ fields: hexes({ container, purpose, cardId, nonce, spki, proofKind: proof.kind }), result: 'valid' },
    }
  }
  const unproven = (id: string, comment: string, bytes: Buffer, kind: Kind = 'attested', flag = 'OtherProof', requirement = 'SKI-44'): Test => ({
    ...test('evidence', id, comment, kind, bytes, requirement, [flag]),
    ...{ result: 'invalid', expect: 'proof_refused' },
  })
  const malformed = (id: string, comment: string, change: Partial<Evidence>, expect: string): Test => ({
    ...test('evidence', id, comment, 'sharedKey', evidenceOf({ ...STATEMENT, ...change }, UNDER_SHARED_KEY), 'SKI-78', ['Format']),
    ...{ result: 'invalid', expect },
  })
  const attested = (change: Partial<Extract<CardProof, { kind: 'attested' }>>, fields = STATEMENT) =>
    evidenceOf(fields, { ...ATTESTED, ...change } as CardProof)
  const genuine = attested({})
  const otherCard = fromLabel('ski/bound/other card id', 16)
  return [
    good('attested', 'issuer, card, key', STATEMENT, ATTESTED, 'SKI-44'),
    good('shared_key', 'under the shared key', STATEMENT, UNDER_SHARED_KEY, 'SKI-46'),
    good('rsa_4096', 'a larger key', { ...STATEMENT, spki: rsaSpki(rsaKey('kek-4096')) }, ATTESTED, 'SKI-44'),
    good(
      'agreement',
      'a key that only agrees',
      { ...STATEMENT, purpose: 'agreement', container: 7, spki: ecSpki(ecKey('P-384', 'ski/card')) },
      ATTESTED,
      'SKI-44',
    ),
    good(
      'agreement_shared_key',
      'a key that only agrees',
      { ...STATEMENT, purpose: 'agreement', spki: ecSpki(ecKey('P-256', 'ski/card')) },
      UNDER_SHARED_KEY,
      'SKI-46',
    ),
    unproven('other_issuer', 'endorsed by somebody else', attested({ endorsement: endorsementOf(OTHER, SESSION.cardId, CARD) })),
    unproven('self_endorsed', 'endorsed by the card itself', attested({ endorsement: endorsementOf(CARD, SESSION.cardId, CARD) })),
    unproven(
      'endorsement_of_other_card',
      'endorsed for another card id',
      attested({ endorsement: endorsementOf(ISSUER, otherCard, CARD) }),
      'attested',
      'OtherProof',
      'SKI-47',
    ),
    unproven(
      'card_id_of_other_card',
      'a genuine card that speaks for another one',
      attested({}, { ...STATEMENT, cardId: otherCard }),
      'attested',
      'OtherProof',
      'SKI-47',
    ),
    unproven('other_attestation_key', 'signed by a key that nobody endorsed', attested({ key: OTHER })),
    unproven('other_label', 'the signature of a server', attested({}, { ...STATEMENT, label: 'keyferry ski server proof v1' })),
    unproven(
      'other_shared_key',
      'under the key of another card',
      evidenceOf(STATEMENT, { kind: 'sharedKey', key: fromLabel('ski/other', 32) }),
      'sharedKey',
      'OtherProof',
      'SKI-46',
    ),
    unproven('kind_differs', 'a shared-key proof where an attestation is wanted', evidenceOf(STATEMENT, UNDER_SHARED_KEY)),
    unproven('kind_differs_attested', 'an attestation where a shared-key proof is wanted', genuine, 'sharedKey'),
    ...(
      [
        ['purpose', 8],
        ['container', 6],
        ['nonce', 28],
        ['key', 48 + 40],
        ['endorsement', -100],
        ['signature', -1],
      ] as const
    ).map(([name, at]) => unproven(`bit_of_${name}`, `a bit of the ${name}`, flipped(genuine, at), 'attested', 'Changed')),
    unproven('truncated', 'the last byte is missing', genuine.subarray(0, -1), 'attested', 'Length'),
    malformed('magic', 'another magic word', { magic: 'KFPK' }, 'format_magic_unknown'),
    malformed('version', 'version 2', { version: 2 }, 'format_version_unknown'),
    malformed('imported', 'not made on the card', { bytes: { 7: 2 } }, 'format_value_unknown'),
    malformed('purpose_ordinary', 'an ordinary key', { bytes: { 8: 0 } }, 'format_value_unknown'),
    malformed('no_container', 'no container', { container: 255 }, 'format_value_unknown'),
    malformed('reserved', 'a reserved byte', { bytes: { 10: 1 } }, 'structure_reserved_not_zero'),
    malformed('spki_empty', 'no key', { spki: Buffer.alloc(0) }, 'format_length_wrong'),
    malformed('spki_announced', 'a shorter key announced', { spkiLength: 293 }, 'structure_length_differs'),
  ]
}

/** Receipts (KFRC). */
export function receipts(): Test[] {
  const s1 = s1For('AES-256')
  const key = (direction: 'toCard' | 'toServer', session: Session = SESSION) => boundKey(s1, session, 'AES-256', direction, 'mac')
  const confirmed: Receipt = { kind: 'sessionKey', container: 2, session: SESSION.session, cardId: SESSION.cardId, identity: null }
  const installed: Receipt = { ...confirmed, kind: 'keyPair', container: 3, identity: sha256(STATEMENT.spki) }
  const receipt = (id: string, comment: string, fields: Receipt, bytes: Buffer, requirement: string, more: Record<string, unknown>): Test => ({
    ...{ id: `receipt_${id}`, requirement, comment, ...more, type: 'receipt' },
    ...{ ...hexes({ ...SESSION }), algorithm: 'AES-256', key: s1.toString('hex') },
    fields: hexes({ kind: fields.kind, container: containerShown(fields.container), identity: fields.identity }),
    bytes: bytes.toString('hex'),
    result: 'valid',
  })
  const good = (id: string, comment: string, fields: Receipt, requirement: string) =>
    receipt(id, comment, fields, receiptOf(fields, key('toServer')), requirement, {})
  const bad = (id: string, comment: string, bytes: Buffer, flag: string, wanted = installed): Test => ({
    ...receipt(id, comment, wanted, bytes, wanted === installed ? 'SKI-71' : 'SKI-70', { flags: [flag] }),
    ...{ result: 'invalid', expect: 'proof_refused' },
  })
  const genuine = receiptOf(installed, key('toServer'))
  const other = sessionOf('bound/other')
  return [
    good('session_key', 'the card has S1', confirmed, 'SKI-70'),
    good('shared_way', 'no container in the way of the shared key', { ...confirmed, container: 255 }, 'SKI-70'),
    good('key_pair', 'the card installed K2', installed, 'SKI-71'),
    bad('session_key_for_key_pair', 'a receipt for S1 in place of one for K2', receiptOf(confirmed, key('toServer')), 'OtherProof'),
    bad('other_container', 'K2 is in another container', receiptOf({ ...installed, container: 4 }, key('toServer')), 'OtherProof'),
    bad('other_key_pair', 'another K2', receiptOf({ ...installed, identity: sha256(Buffer.alloc(0)) }, key('toServer')), 'OtherProof'),
    bad('other_session_id', 'another session', receiptOf({ ...installed, session: other.session }, key('toServer')), 'OtherSession'),
    bad('other_nonce', 'another nonce of the card', receiptOf(installed, key('toServer', { ...SESSION, cardNonce: other.cardNonce })), 'OtherSession'),
    bad('of_the_server', 'under the key of the other direction', receiptOf(installed, key('toCard')), 'Reflection'),
    bad('under_s1', 'under S1 itself', receiptOf(installed, s1), 'OtherSession'),
    bad('other_label', 'the tag of sealed data', receiptOf({ ...installed, label: 'keyferry ski sealed v1' }, key('toServer')), 'OtherProof'),
    bad('bit_of_identity', 'a bit of the identity', flipped(genuine, 40), 'Changed'),
    bad('bit_of_tag', 'a bit of the tag', flipped(genuine, -1), 'Changed'),
    bad('truncated', 'the last byte is missing', genuine.subarray(0, -1), 'Length'),
    bad('trailing_byte', 'a byte behind the end', Buffer.concat([genuine, Buffer.of(0)]), 'Length'),
    bad('confirmed_elsewhere', 'S1 under another K1', receiptOf({ ...confirmed, container: 9 }, key('toServer')), 'OtherProof', confirmed),
  ]
}
