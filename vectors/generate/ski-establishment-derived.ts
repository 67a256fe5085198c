/**
 * Vectors for session keys that do not travel: the shared key, a key derived of it, and Diffie-Hellman.
 * @module
 */
import { flipped, fromLabel } from './bytes.js'
import { hexOf, oneOf, orNull, text, vectorFile, type Document, type Test } from './file.js'
import { ecKey, ecSpki, type EcNumbers } from './keys.js'
import { shownSession, word } from './ski-derived-keys.js'
import { CARD_CURVES, eccKeyBlob } from './ski-layouts.js'
import {
  agreedKey,
  boundKey,
  cardKey,
  derivedKey,
  establishmentOf,
  proofKey,
  receiptOf,
  SESSION_ALGORITHM,
  sessionOf,
  sharedSecret,
  sharedSubkey,
  type Algorithm,
  type Establishment,
} from './ski-sealed-formats.js'

type Way = 'shared' | 'derived' | 'agreement'
type Format = 'published' | 'bound'
type Curve = (typeof CARD_CURVES)[number]

const MASTER = fromLabel('ski/derived/master key', 32)
const SESSION = sessionOf('derived')
/** In the published format nobody has asked for a nonce; only a derivation makes the card draw one. */
const WITHOUT_NONCE = { ...SESSION, cardNonce: Buffer.alloc(16) }
const SHARED = cardKey(MASTER, SESSION.cardId)
const CONTAINER = 2
const NO_CONTAINER = 0xff
const AES = ['AES-128', 'AES-192', 'AES-256'] as const

export const establishmentDerived = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/establishment-derived',
      title: 'Session keys that do not travel: shared, derived, agreed',
      about: [
        'The card holds sharedKey = KDF(masterKey, card id); in the way agreement it has made the key pair of cardScalar. Its nonce is cardNonce.',
        'published: "input" is pbInput of CardGetSharedKeyHandle (none for shared; session ‖ server nonce for derived, which is what the card is told) or the parameter list of CardDeriveKey. bound: an establishment (KFPK) with the proof under the shared key.',
        '"peer" is the server’s point, BCRYPT_ECCKEY_BLOB, for CardConstructDHAgreement. "key" is S1; "receipt" is the card’s word for it (KFRC), in the bound format.',
        'A test says which call refuses: "agree" is CardConstructDHAgreement, "take" the one that makes the key. "status" is what the call returns.',
      ],
      flags: {
        Length: 'Something has not the length that it must have.',
        Point: 'The server’s point is none, or not one of the curve and the use.',
        Proof: 'The proof does not verify.',
        Terms: 'Genuine, but for something else: another card, nonce, way, algorithm, container or point.',
        Format: 'Genuine, but not a text of this format.',
      },
      members: {
        way: oneOf(['shared', 'derived', 'agreement'], 'How the key comes about.'),
        format: oneOf(['published', 'bound'], 'Which format the card is set to.'),
        algorithm: oneOf(AES, 'The algorithm of the session key.'),
        masterKey: hexOf('The server’s master key.'),
        sharedKey: hexOf('K_C, the card’s key.'),
        session: hexOf('The session id.'),
        serverNonce: hexOf('The server’s nonce.'),
        cardNonce: hexOf('The card’s nonce; zero bytes where none is drawn.'),
        cardId: hexOf('The card’s id.'),
        curve: oneOf(CARD_CURVES, 'The curve of an agreement.'),
        cardScalar: hexOf('The card’s private key.'),
        cardPoint: hexOf('X ‖ Y.'),
        serverScalar: hexOf('The server’s private key.'),
        peer: hexOf('The server’s point as it is given to the card.'),
        input: orNull(hexOf('What the card is given; null for nothing.')),
        key: hexOf('S1.'),
        receipt: orNull(hexOf('The card’s receipt, where the format has one.')),
        refusedBy: oneOf(['agree', 'take'], 'The call that refuses.'),
        status: text('What the call returns.'),
      },
      always: ['way', 'format', 'algorithm', 'masterKey', 'sharedKey', 'session', 'serverNonce', 'cardNonce', 'cardId', 'input', 'status'],
      outputs: ['key', 'receipt'],
    },
    [...valid(), ...badLengths(), ...badPoints(), ...badProofs()],
  )

const pairs = (curve: Curve): { readonly server: EcNumbers; readonly card: EcNumbers } => ({
  server: ecKey(curve, 'ski/derived/server'),
  card: ecKey(curve, 'ski/derived/card'),
})

interface Setting {
  readonly way: Way
  readonly format: Format
  readonly algorithm: Algorithm
  readonly curve: Curve
}

const setting = (way: Way, format: Format, algorithm: Algorithm = 'AES-256', curve: Curve = 'P-256'): Setting => ({ way, format, algorithm, curve })
const sessionFor = ({ way, format }: Setting) => (format === 'published' && way !== 'derived' ? WITHOUT_NONCE : SESSION)

/** What both ends have before the key is made. */
function given(set: Setting): Record<string, unknown> {
  const { way, format, algorithm, curve } = set
  const { server, card } = pairs(curve)
  const points = {
    curve,
    cardScalar: card.d.toString('hex'),
    cardPoint: Buffer.concat([card.x, card.y]).toString('hex'),
    serverScalar: server.d.toString('hex'),
    peer: eccKeyBlob(server, 'ECDH', 'public').toString('hex'),
  }
  return {
    ...{ way, format, algorithm, masterKey: MASTER.toString('hex'), sharedKey: SHARED.toString('hex') },
    ...shownSession(sessionFor(set)),
    ...(way === 'agreement' ? points : {}),
  }
}

/** What the card is given. */
function inputOf(set: Setting, change: Partial<Establishment> = {}): Buffer | null {
  const { way, format, algorithm, curve } = set
  const session = sessionFor(set)
  if (format === 'published') return way === 'shared' ? null : Buffer.concat([session.session, session.serverNonce])
  const { server } = pairs(curve)
  const material = way === 'agreement' ? Buffer.concat([server.x, server.y]) : Buffer.alloc(0)
  const container = way === 'agreement' ? CONTAINER : NO_CONTAINER
  return establishmentOf({ way, algorithm, container, session, material, ...change }, { kind: 'sharedKey', key: proofKey(SHARED) })
}

function keyOf(set: Setting): Buffer {
  const { way, format, algorithm, curve } = set
  const session = sessionFor(set)
  if (way === 'derived') return derivedKey(SHARED, session, algorithm)
  if (way === 'shared') return format === 'bound' ? sharedSubkey(SHARED, session) : SHARED
  const { server, card } = pairs(curve)
  return agreedKey(sharedSecret(server, card), session, algorithm, server, card)
}

function good(id: string, comment: string, set: Setting): Test {
  const key = keyOf(set)
  const { cardId, session } = SESSION
  const container = set.way === 'agreement' ? CONTAINER : NO_CONTAINER
  const mac = boundKey(key, sessionFor(set), set.algorithm, 'toServer', 'mac')
  if (key.length !== SESSION_ALGORITHM[set.algorithm].bytes) throw new Error(`${id}: a key of another length`)
  return {
    ...{ id, requirement: 'SKI-77', comment, ...given(set), input: inputOf(set)?.toString('hex') ?? null },
    ...{ status: 'SCARD_S_SUCCESS', result: 'valid', key: key.toString('hex') },
    receipt: set.format === 'bound' ? receiptOf({ kind: 'sessionKey', container, session, cardId, identity: null }, mac).toString('hex') : null,
  }
}

function valid(): Test[] {
  const formats = ['published', 'bound'] as const
  return formats.flatMap((format) => [
    good(`shared_${format}`, format === 'bound' ? 'a subkey of this session' : 'the shared key itself', setting('shared', format)),
    ...AES.map((algorithm) => good(`derived_${format}_${word(algorithm)}`, `${algorithm} of the shared key`, setting('derived', format, algorithm))),
    ...CARD_CURVES.flatMap((curve) =>
      AES.map((algorithm) =>
        good(
          `agreement_${format}_${word(curve)}_${word(algorithm)}`,
          `${algorithm} of an agreement on ${curve}`,
          setting('agreement', format, algorithm, curve),
        ),
      ),
    ),
  ])
}

type Refusal = readonly [flag: string, expect: string, status: string, requirement: string]
const LENGTH: Refusal = ['Length', 'format_invalid', 'SCARD_E_INVALID_PARAMETER', 'SKI-102']
const POINT: Refusal = ['Point', 'format_invalid', 'SCARD_E_INVALID_PARAMETER', 'SKI-128']
const PROOF: Refusal = ['Proof', 'proof_refused', 'SCARD_W_SECURITY_VIOLATION', 'SKI-51']
const TERMS: Refusal = ['Terms', 'proof_refused', 'SCARD_W_SECURITY_VIOLATION', 'SKI-54']
const FORMAT: Refusal = ['Format', 'format_invalid', 'SCARD_E_INVALID_PARAMETER', 'SKI-75']

function bad(id: string, comment: string, set: Setting, [flag, expect, status, requirement]: Refusal, change: Record<string, unknown>): Test {
  const input = inputOf(set)?.toString('hex') ?? null
  return { id, requirement, comment, flags: [flag], ...given(set), input, refusedBy: 'take', ...change, status, result: 'invalid', expect }
}

function badLengths(): Test[] {
  return (['derived', 'agreement'] as const).flatMap((way) => {
    const set = setting(way, 'published')
    const input = inputOf(set)!
    const of = (id: string, comment: string, bytes: Buffer) => bad(`${way}_${id}`, comment, set, LENGTH, { input: bytes.toString('hex') })
    return [
      of('input_short', 'a byte of the server nonce is missing', input.subarray(0, -1)),
      of('input_long', 'a byte too many', Buffer.concat([input, Buffer.of(0)])),
      of('input_session_only', 'the server nonce is missing', input.subarray(0, 16)),
    ]
  })
}

function badPoints(): Test[] {
  const set = setting('agreement', 'published')
  const { server } = pairs('P-256')
  const blob = eccKeyBlob(server, 'ECDH', 'public')
  const of = (id: string, comment: string, bytes: Buffer) =>
    bad(`agreement_peer_${id}`, comment, set, POINT, { peer: bytes.toString('hex'), refusedBy: 'agree' })
  return [
    of('off_curve', 'one bit of Y: no point of the curve', flipped(blob, -1)),
    of('zero', 'both coordinates are zero', Buffer.concat([blob.subarray(0, 8), Buffer.alloc(64)])),
    of('other_curve', 'a point on P-384', eccKeyBlob(pairs('P-384').server, 'ECDH', 'public')),
    of('of_ecdsa', 'the magic number of a key that signs', eccKeyBlob(server, 'ECDSA', 'public')),
    of('private', 'a private key', eccKeyBlob(server, 'ECDH', 'private')),
    of('truncated', 'a byte is missing', blob.subarray(0, -1)),
    of('spki', 'the same key as SubjectPublicKeyInfo', ecSpki(server)),
  ]
}

function badProofs(): Test[] {
  const other = fromLabel('ski/derived/other', 16)
  return (['shared', 'derived', 'agreement'] as const).flatMap((way) => {
    const set = setting(way, 'bound')
    const input = inputOf(set)!
    const of = (id: string, comment: string, refusal: Refusal, bytes: Buffer, requirement = refusal[3]) =>
      bad(`${way}_${id}`, comment, set, [refusal[0], refusal[1], refusal[2], requirement], { input: bytes.toString('hex') })
    const changed = (change: Partial<Establishment>) => inputOf(set, change)!
    const terms = [
      of('other_card', 'for another card', TERMS, changed({ session: { ...SESSION, cardId: other } })),
      of('other_nonce', 'for another nonce of the card', TERMS, changed({ session: { ...SESSION, cardNonce: other } }), 'SKI-68'),
      of(
        'other_way',
        'for another way',
        TERMS,
        way === 'agreement'
          ? changed({ way: 'derived', container: NO_CONTAINER, material: Buffer.alloc(0) })
          : changed({ way: way === 'shared' ? 'derived' : 'shared' }),
      ),
      ...(way === 'shared' ? [] : [of('other_algorithm', 'for another algorithm', TERMS, changed({ algorithm: 'AES-128' }))]),
    ]
    const { server } = { server: ecKey('P-256', 'ski/derived/other server') }
    const agreements = [
      of('other_container', 'for another container', TERMS, changed({ container: CONTAINER + 1 })),
      of('other_point', 'for another point of the server', TERMS, changed({ material: Buffer.concat([server.x, server.y]) })),
    ]
    return [
      ...terms,
      ...(way === 'agreement' ? agreements : []),
      of('tag_changed', 'one bit of the proof', PROOF, flipped(input, -1)),
      of('session_changed', 'one bit of the session id', PROOF, flipped(input, 12)),
      of('tag_missing', 'cut in front of the proof', PROOF, input.subarray(0, -32)),
      of('other_key', 'under another card’s proof key', PROOF, proven(set, proofKey(cardKey(MASTER, other)))),
      of('label_other', 'the label of a statement of a card', PROOF, changed({ label: 'keyferry ski key statement v1' })),
      of('version_changed', 'version 2, without a proof for it', PROOF, flipped(input, 4), 'SKI-75'),
      of('version_2', 'version 2, with the server’s proof', FORMAT, changed({ version: 2 })),
      of('magic_other', 'another magic word, with the server’s proof', FORMAT, changed({ magic: 'KFPX' })),
      of('reserved_set', 'a reserved byte, with the server’s proof', FORMAT, changed({ bytes: { 11: 1 } }), 'SKI-76'),
    ]
  })
}

function proven(set: Setting, key: Buffer): Buffer {
  const text = inputOf(set)!.subarray(0, -32)
  const { server } = pairs(set.curve)
  const material = set.way === 'agreement' ? Buffer.concat([server.x, server.y]) : Buffer.alloc(0)
  const container = set.way === 'agreement' ? CONTAINER : NO_CONTAINER
  const forged = establishmentOf({ way: set.way, algorithm: set.algorithm, container, session: SESSION, material }, { kind: 'sharedKey', key })
  if (!forged.subarray(0, -32).equals(text)) throw new Error('only the proof was to differ')
  return forged
}
