/**
 * Vectors for sealed data that is bound to its session, and for what belongs to it: derived keys, the server's establishment, the card's
 * evidence, the card's receipts. The proofs are made next door.
 * @module
 */
import { createDecipheriv } from 'node:crypto'
import { flipped, fromLabel } from './bytes.js'
import { anything, hexOf, listOf, object, oneOf, orNull, vectorFile, whole, type Document, type Test } from './file.js'
import { authenticate, authenticateResponse, changeAuthenticator, changeAuthenticatorResponse, le32 } from './ski-layouts.js'
import {
  ALGORITHM_NAMES,
  boundKey,
  DIRECTION,
  labelled,
  sealBound,
  sessionOf,
  SESSION_ALGORITHM,
  type Algorithm,
  type Bound,
  type SecureFunction,
} from './ski-sealed-formats.js'
import { BOUND_SESSION as SESSION, derivedKeys, s1For, shownSession, word } from './ski-derived-keys.js'
import { cardEvidence, establishments, receipts } from './ski-sealed-proofs.js'
import { ecImport, pinOf, rsaImport } from './ski-secure-functions.js'

type Stage = 'blobs' | 'mac' | 'header' | 'padding' | 'terms'

export const sealedBound = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/sealed-bound',
      title: 'Sealed data bound to session, card and place, derived keys, establishments, card evidence, receipts',
      about: [
        '"type" says what a test is about. Session id, nonces and card id are those that the receiver knows; where bytes carry others, the test is about that.',
        'key: "derivation" of "secret" gives "output". The key of an agreement is derived from "secret", the x coordinate of the shared point.',
        'sealed: "blobs" are opened by whoever knows "key", "function", "container" (null: none), "dwFlags" and, in the direction toCard, "iv". Given these, "terms", "structure" and the lengths of the blobs, sealing is deterministic.',
        'Every refusal of sealed data looks the same from outside. "stage" is for whoever debugs: blobs (their number and lengths), mac, header (against what the receiver knows), padding, terms (the structure inside, against the header).',
        'establishment, evidence: "bytes" are judged with "verifier". A signature is not deterministic; here the secret number of ECDSA follows from key and message.',
        'receipt: "bytes" are judged by whoever knows "key" and wants to be told "fields".',
      ],
      flags: {
        TripleDes: 'Triple DES, only where a policy says so.',
        Blobs: 'Several blobs.',
        Order: 'Blobs are missing, doubled, or stand in another order.',
        Cut: 'The same ciphertext, cut elsewhere.',
        Length: 'Bytes are missing or left over.',
        Changed: 'A bit was changed on the way.',
        OtherSession: 'Made for another session, nonce, card or key.',
        Reflection: 'Made for the other direction.',
        Header: 'The MAC is good, and the header says something else than the receiver knows, or nothing that is known.',
        Padding: 'The MAC is good, the block padding is not one.',
        Terms: 'The MAC is good, and the structure inside says something else than the header.',
        OtherProof: 'A proof of another kind, by another key, or for another purpose.',
        Format: 'The proof is good, what is proven is not well-formed.',
      },
      members: {
        type: oneOf(['key', 'sealed', 'establishment', 'evidence', 'receipt'], 'What the test is about.'),
        session: hexOf('The session id.'),
        serverNonce: hexOf("The server's nonce."),
        cardNonce: hexOf("The card's nonce."),
        cardId: hexOf('The card id.'),
        derivation: oneOf(['card key', 'proof key', 'shared subkey', 'derived key', 'agreed key', 'bound key'], 'Which key is derived.'),
        secret: hexOf('What it is derived from: the master key, the key of the card, x of the shared point, or S1.'),
        serverPoint: hexOf("The server's point, X and Y."),
        cardPoint: hexOf("The card's point, X and Y."),
        purpose: oneOf(['encrypt', 'mac'], 'What a bound key is for.'),
        output: hexOf('The derived key.'),
        algorithm: oneOf(ALGORITHM_NAMES, 'The algorithm and the length of the session key.'),
        key: hexOf('The session key S1.'),
        direction: oneOf(['toCard', 'toServer'], 'Who seals: the server for the card, or the card for the server.'),
        function: oneOf(['Import Key Pair', 'Change Authenticator', 'Authenticate'], 'The secure function.'),
        container: orNull(whole('The container that was prepared, null for none.')),
        dwFlags: oneOf([0, 1], 'The flags of the call: 1 is CARD_BLOCK_PADDING.'),
        iv: hexOf('The initialisation vector that the receiver was told.'),
        blobs: listOf({ $ref: '#/$defs/hex' }, 'The blobs, in their order.'),
        terms: object({ overwrite: { type: 'boolean' }, pinId: whole(''), keySpec: whole(''), keySize: whole('') }, 'What else the header says.'),
        structure: hexOf('The structure inside.'),
        stage: oneOf(['blobs', 'mac', 'header', 'padding', 'terms'], 'What notices the fault first.'),
        bytes: hexOf('The whole message.'),
        verifier: object(
          {
            kind: oneOf(['none', 'signature', 'attested', 'sharedKey'], ''),
            'keys?': listOf({ $ref: '#/$defs/hex' }, 'SubjectPublicKeyInfo, DER.'),
            'key?': hexOf(''),
          },
          'By what a proof is judged: public keys of servers or card issuers, or the key of shared-key proofs.',
        ),
        fields: anything('What the message says. Byte strings are hex.'),
      },
      always: ['type'],
    },
    [
      ...derivedKeys(),
      ...honest(),
      ...responses(),
      ...changedOnTheWay(),
      ...otherSessions(),
      ...badHeaders(),
      ...badInside(),
      ...establishments(),
      ...cardEvidence(),
      ...receipts(),
    ],
  )

/** What is sealed unless a test says otherwise. */
function sealedFor(label: string, algorithm: Algorithm, change: Partial<Bound> = {}): Bound {
  return {
    ...{
      session: SESSION,
      key: s1For(algorithm),
      algorithm,
      direction: 'toCard',
      function: 'Import Key Pair',
      container: 3,
      pinId: 1,
      keySpec: 6,
      keySize: 256,
    },
    ...{ iv: fromLabel(`ski/bound/iv/${label}`, SESSION_ALGORITHM[algorithm].block), structure: ecImport('P-256', 'ECDH') },
    ...change,
  }
}

/** What a receiver knows who waits for this. */
const shownReceiver = ({ session, key, algorithm, direction, function: name, container, flags = 1, iv }: Bound) => ({
  ...shownSession(session),
  algorithm,
  key: key.toString('hex'),
  direction,
  function: name,
  container: container === 255 ? null : container,
  dwFlags: flags,
  ...(direction === 'toCard' ? { iv: iv.toString('hex') } : {}),
})

/** What notices a fault first, found out with OpenSSL and the offsets of the format alone. */
function noticedBy(receiver: Bound, blobs: readonly Buffer[]): Stage | 'structure' {
  const { session, key, algorithm, direction, iv, flags = 1 } = receiver
  const { block, cipher, code } = SESSION_ALGORITHM[algorithm]
  const pieces = blobs.map((blob, at) => blob.subarray(at === 0 ? 84 : 0, at === blobs.length - 1 ? Math.max(blob.length - 32, 0) : undefined))
  const whole = blobs.length > 0 && blobs.at(-1)!.length >= 32 + (blobs.length === 1 ? 84 : 0) && blobs[0]!.length >= 84
  if (!whole || pieces.some(({ length }) => length === 0 || length % block !== 0)) return 'blobs'
  const header = blobs[0]!.subarray(0, 84)
  const mac = boundKey(key, session, algorithm, direction, 'mac')
  const tag = labelled(mac, 'keyferry ski sealed v1', header, ...pieces.flatMap((piece) => [le32(piece.length), piece]))
  if (!tag.equals(blobs.at(-1)!.subarray(-32))) return 'mac'
  const ciphertext = Buffer.concat(pieces)
  const number = { 'Import Key Pair': 1, 'Change Authenticator': 2, Authenticate: 3 }[receiver.function]
  const first = Buffer.concat([Buffer.from('KFSD\x01'), Buffer.of(DIRECTION[direction], number, code, 1, header[9]! & 1, receiver.container, 0), le32(flags)])
  const ids = Buffer.concat([Buffer.of(pieces.length, 0, 0, 0), session.session, session.cardId])
  const vector = direction === 'toServer' ? header.subarray(64, 80) : Buffer.concat([iv, Buffer.alloc(16 - iv.length)])
  if (!Buffer.concat([first, header.subarray(16, 28), ids, vector, le32(ciphertext.length)]).equals(header)) return 'header'
  const decipher = createDecipheriv(cipher, boundKey(key, session, algorithm, direction, 'encrypt'), vector.subarray(0, block))
  try {
    Buffer.concat([decipher.setAutoPadding(flags === 1).update(ciphertext), decipher.final()])
  } catch {
    return 'padding'
  }
  return 'structure'
}

interface More {
  readonly flags?: readonly string[]
  readonly requirement?: string
}

/** An accepted one. */
function good(id: string, comment: string, sealed: Bound, { flags, requirement = 'SKI-65' }: More = {}): Test {
  const blobs = sealBound(sealed)
  if (noticedBy(sealed, blobs) !== 'structure') throw new Error(`${id} does not open`)
  const { structure, pinId, keySpec = 0, keySize = 0 } = sealed
  return {
    ...{ id, requirement, comment, ...(flags ? { flags } : {}), type: 'sealed', ...shownReceiver(sealed) },
    terms: { overwrite: sealed.header?.overwrite === 1, pinId, keySpec, keySize },
    blobs: blobs.map((blob) => blob.toString('hex')),
    structure: structure.toString('hex'),
    result: 'valid',
  }
}

/** A refused one: `receiver` waits for something, `blobs` come. */
function bad(id: string, comment: string, stage: Stage, receiver: Bound, blobs: readonly Buffer[], { flags, requirement = 'SKI-72' }: More): Test {
  if (noticedBy(receiver, blobs) !== (stage === 'terms' ? 'structure' : stage)) throw new Error(`${id} fails for another reason`)
  return {
    ...{ id, requirement, comment, ...(flags ? { flags } : {}), type: 'sealed', ...shownReceiver(receiver) },
    ...{ blobs: blobs.map((blob) => blob.toString('hex')), stage, result: 'invalid', expect: 'sealed_refused' },
  }
}

const PIN = { container: 255, keySpec: 0, keySize: 0 } as const
const AUTHENTICATE: Partial<Bound> = { ...PIN, function: 'Authenticate', structure: authenticate({ pinId: 1, pin: pinOf('bound', 12) }) }
const CHANGE: Partial<Bound> = {
  ...PIN,
  function: 'Change Authenticator',
  pinId: 3,
  structure: changeAuthenticator({
    flags: 1,
    authenticatingPinId: 2,
    targetPinId: 3,
    retryCount: 5,
    authenticating: pinOf('bound', 12),
    target: pinOf('bound/new', 12),
  }),
}
const RSA: Partial<Bound> = { keySpec: 1, keySize: 2048, structure: rsaImport('rsa-2048', 'AT_KEYEXCHANGE') }

const BY_FUNCTION: readonly (readonly [string, string, Partial<Bound>])[] = [
  ['import_p_256', 'a key on P-256', {}],
  ['authenticate', 'a PIN of 12 digits', AUTHENTICATE],
  ['change', 'a PIN that unblocks another one', CHANGE],
]

function honest(): Test[] {
  const each = ALGORITHM_NAMES.flatMap((algorithm) =>
    BY_FUNCTION.map(([name, comment, change]) => {
      const id = `${word(algorithm)}_${name}`
      return good(id, comment, sealedFor(id, algorithm, change), algorithm.startsWith('3DES') ? { flags: ['TripleDes'], requirement: 'SKI-64' } : {})
    }),
  )
  const one = (id: string, comment: string, change: Partial<Bound>, more: More = {}) => good(id, comment, sealedFor(id, 'AES-256', change), more)
  return [
    ...each,
    one('import_rsa_2048', 'an RSA key', RSA),
    one('import_rsa_2048_five_blobs', 'as many blobs as short APDUs', { ...RSA, cuts: [240, 480, 720, 960] }, { flags: ['Blobs'], requirement: 'SKI-61' }),
    one('import_p_521', 'a key on P-521', { keySpec: 5, keySize: 521, structure: ecImport('P-521', 'ECDSA') }),
    one('two_blobs', 'the second blob is the block of padding and the tag', { cuts: [128] }, { flags: ['Blobs'], requirement: 'SKI-61' }),
    one('overwrite', 'the container may be overwritten', { header: { overwrite: 1 } }, { requirement: 'SKI-213' }),
    one('unpadded', '128 bytes are eight blocks', { flags: 0 }, { requirement: 'SKI-60' }),
  ]
}

function responses(): Test[] {
  const response = (id: string, comment: string, name: SecureFunction, pinId: number, structure: Buffer, algorithm: Algorithm = 'AES-256') =>
    good(id, comment, sealedFor(id, algorithm, { ...PIN, function: name, direction: 'toServer', pinId, structure }), {
      requirement: 'SKI-63',
      ...(algorithm === '3DES' ? { flags: ['TripleDes'] } : {}),
    })
  return [
    response('response_authenticate', 'no session PIN', 'Authenticate', 1, authenticateResponse(Buffer.alloc(0), 3)),
    response('response_session_pin', 'a session PIN', 'Authenticate', 1, authenticateResponse(pinOf('bound/session', 16), 3)),
    response('response_change', 'the new PIN is in force', 'Change Authenticator', 3, changeAuthenticatorResponse(5)),
    response('response_3des', 'blocks of eight bytes', 'Authenticate', 1, authenticateResponse(Buffer.alloc(0), 3), '3DES'),
  ]
}

function changedOnTheWay(): Test[] {
  const sealed = sealedFor('changed', 'AES-256', { cuts: [48, 96] })
  const [a, b, c] = sealBound(sealed) as [Buffer, Buffer, Buffer]
  const test = (id: string, comment: string, stage: Stage, blobs: readonly Buffer[], flag: string, requirement = 'SKI-66') =>
    bad(id, comment, stage, sealed, blobs, { flags: [flag], requirement })
  const bits: readonly (readonly [string, number])[] = [
    ['magic', 0],
    ['version', 4],
    ['direction', 5],
    ['function', 6],
    ['algorithm', 7],
    ['mode', 8],
    ['overwrite', 9],
    ['container', 10],
    ['reserved', 11],
    ['flags', 12],
    ['pin_id', 16],
    ['key_spec', 20],
    ['key_size', 24],
    ['blob_count', 28],
    ['session', 32],
    ['card_id', 48],
    ['iv', 64],
    ['length', 80],
    ['ciphertext', 84],
  ]
  return [
    ...bits.map(([name, at]) => test(`bit_of_${name}`, `a bit of the ${name.replaceAll('_', ' ')}`, 'mac', [flipped(a, at), b, c], 'Changed')),
    test('bit_of_second_blob', 'a bit of the second blob', 'mac', [a, flipped(b, 0), c], 'Changed'),
    test('bit_of_last_block', 'a bit of the last block of ciphertext', 'mac', [a, b, flipped(c, -33)], 'Changed'),
    test('bit_of_tag_first', 'the first bit of the tag', 'mac', [a, b, flipped(c, -32, 0x80)], 'Changed'),
    test('bit_of_tag_last', 'the last bit of the tag', 'mac', [a, b, flipped(c, -1)], 'Changed'),
    test('blobs_swapped', 'the second blob comes first', 'blobs', [b, a, c], 'Order'),
    test('blob_dropped', 'the second blob is missing', 'mac', [a, c], 'Order'),
    test('blob_doubled', 'the second blob comes twice', 'mac', [a, b, b, c], 'Order'),
    test('no_blobs', 'nothing comes', 'blobs', [], 'Order'),
    test('blobs_joined', 'one blob in place of three', 'mac', [Buffer.concat([a, b, c])], 'Cut'),
    test('cut_elsewhere', 'a block has gone from the second blob to the first', 'mac', [Buffer.concat([a, b.subarray(0, 16)]), b.subarray(16), c], 'Cut'),
    test('empty_blob', 'an empty blob in the middle', 'blobs', [a, b, Buffer.alloc(0), c], 'Length', 'SKI-72'),
    test('no_tag', 'the tag is missing', 'mac', [a, b, c.subarray(0, -32)], 'Length'),
    test('tag_short', 'half of the tag is missing', 'mac', [a, b, c.subarray(0, -16)], 'Length'),
    test('header_only', 'header and tag around nothing', 'blobs', [Buffer.concat([a.subarray(0, 84), c.subarray(-32)])], 'Length', 'SKI-72'),
    test('trailing_byte', 'a byte behind the tag', 'blobs', [a, b, Buffer.concat([c, Buffer.of(0)])], 'Length', 'SKI-72'),
  ]
}

function otherSessions(): Test[] {
  const sealed = sealedFor('other', 'AES-256')
  const other = sessionOf('bound/other')
  const names = {
    session: 'another session',
    serverNonce: 'another nonce of the server',
    cardNonce: 'another nonce of the card: after a reset',
    cardId: 'another card',
  }
  const request = sealedFor('reflected', 'AES-256', AUTHENTICATE)
  return [
    ...(Object.keys(names) as (keyof typeof names)[]).map((name) =>
      bad(
        `other_${word(name.replaceAll(/[A-Z]/g, '_$&'))}`,
        names[name],
        'mac',
        { ...sealed, session: { ...SESSION, [name]: other[name] } },
        sealBound(sealed),
        {
          flags: ['OtherSession'],
          requirement: name === 'cardNonce' ? 'SKI-68' : 'SKI-9',
        },
      ),
    ),
    bad('other_key', 'another S1', 'mac', { ...sealed, key: fromLabel('ski/bound/other', 32) }, sealBound(sealed), { flags: ['OtherSession'] }),
    bad('reflected_request', 'a request comes back as the response to it', 'mac', { ...request, direction: 'toServer' }, sealBound(request), {
      flags: ['Reflection'],
      requirement: 'SKI-74',
    }),
    bad('reflected_response', 'a response goes back as a request', 'mac', request, sealBound({ ...request, direction: 'toServer' }), {
      flags: ['Reflection'],
      requirement: 'SKI-74',
    }),
    bad('other_label', 'the tag of a receipt', 'mac', sealed, sealBound({ ...sealed, label: 'keyferry ski receipt v1' }), {
      flags: ['OtherSession'],
      requirement: 'SKI-66',
    }),
  ]
}

function badHeaders(): Test[] {
  const sealed = sealedFor('header', 'AES-256')
  const test = (id: string, comment: string, change: Partial<Bound>, requirement = 'SKI-73') =>
    bad(`header_${id}`, comment, 'header', sealed, sealBound({ ...sealed, ...change }), { flags: ['Header'], requirement })
  return [
    test('version', 'version 2', { header: { version: 2 } }, 'SKI-75'),
    test('magic', 'another magic word', { header: { magic: 'KFRC' } }, 'SKI-75'),
    test('direction', 'the other direction', { header: { direction: 2 } }, 'SKI-74'),
    test('function', 'another function', { header: { function: 3, container: 255, keySpec: 0, keySize: 0 } }),
    test('algorithm', 'another algorithm', { header: { algorithm: 1 } }),
    test('mode', 'a mode that does not exist', { header: { mode: 2 } }),
    test('overwrite', 'neither yes nor no', { header: { overwrite: 2 } }),
    test('container', 'another container than the one prepared', { header: { container: 4 } }),
    test('no_container', 'no container', { header: { container: 255 } }),
    test('reserved', 'a reserved byte', { header: { reserved: 1 } }, 'SKI-80'),
    test('reserved_word', 'reserved bytes', { header: { reserved2: 256 } }, 'SKI-80'),
    test('flags', 'other flags than those of the call', { header: { flags: 0 } }),
    test('blob_count', 'more blobs than came', { header: { blobCount: 2 } }),
    test('session', 'another session', { header: { session: Buffer.alloc(16) } }),
    test('card_id', 'another card', { header: { cardId: Buffer.alloc(16) } }),
    test('iv', 'another IV than the one set', { iv: fromLabel('ski/bound/iv/other', 16) }),
    test('length', 'another length', { header: { length: 128 } }),
  ]
}

function badInside(): Test[] {
  const sealed = sealedFor('inside', 'AES-256')
  const { structure } = sealed
  const padded = (id: string, comment: string, ending: Buffer) =>
    bad(`padding_${id}`, comment, 'padding', sealed, sealBound({ ...sealed, padded: Buffer.concat([structure, ending]) }), { flags: ['Padding'] })
  const terms = (id: string, comment: string, change: Partial<Bound>, header: Partial<Bound> = {}) =>
    bad(`terms_${id}`, comment, 'terms', { ...sealed, ...header }, sealBound({ ...sealed, ...header, ...change }), { flags: ['Terms'], requirement: 'SKI-73' })
  return [
    padded('zero', 'a count of zero', Buffer.alloc(16)),
    padded('longer', 'a count above the block', Buffer.alloc(16, 17)),
    padded('mixed', 'a padding byte is not the count', Buffer.concat([Buffer.alloc(14, 16), Buffer.of(15, 16)])),
    padded('first', 'the first padding byte is not the count', Buffer.concat([Buffer.of(15), Buffer.alloc(15, 16)])),
    terms('container', 'the structure names another container', { structure: ecImport('P-256', 'ECDH', { container: 4 }) }),
    terms('pin_id', 'the structure names another PIN', { structure: ecImport('P-256', 'ECDH', { pinId: 2 }) }),
    terms('key_spec', 'the header names another key specification', { keySpec: 3 }),
    terms('key_size', 'the header names another size', { keySize: 384 }),
    terms('target_pin', 'the header names the PIN that authenticates, not the target', { pinId: 2 }, CHANGE),
  ]
}
