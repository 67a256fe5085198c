/**
 * Vectors for sealed data as published: a structure under S1, CBC with block padding, and nothing more.
 * @module
 */
import { flipped, fromLabel } from './bytes.js'
import { hexOf, listOf, oneOf, vectorFile, type Document, type Test } from './file.js'
import { authenticate, authenticateResponse, CARD_CURVES, changeAuthenticator, changeAuthenticatorResponse, withBytes } from './ski-layouts.js'
import { ecImport, pinOf, rsaImport } from './ski-secure-functions.js'
import { AES, cbc, cut, ivFor, opened, sessionKey, SESSION_ALGORITHMS, type SessionAlgorithm } from './ski-session-keys.js'

type SecureFunction = 'Import Key Pair' | 'Change Authenticator' | 'Authenticate'
type Stage = 'blobs' | 'padding' | 'structure' | 'key'

interface Sealed {
  readonly algorithm?: SessionAlgorithm
  readonly function: SecureFunction
  readonly iv: Buffer
  readonly blobs: readonly Buffer[]
  /** Without `CARD_BLOCK_PADDING`. */
  readonly unpadded?: boolean
  readonly flags?: readonly string[]
  readonly requirement?: string
}

const shown = (id: string, comment: string, direction: 'toCard' | 'toServer', { algorithm = 'AES-256', requirement = 'SKI-60', flags, ...sealed }: Sealed) => ({
  id,
  requirement,
  comment,
  ...(flags ? { flags } : {}),
  function: sealed.function,
  direction,
  algorithm,
  key: sessionKey(algorithm).toString('hex'),
  ...(direction === 'toCard' ? { iv: sealed.iv.toString('hex') } : {}),
  dwFlags: sealed.unpadded ? 0 : 1,
  blobs: sealed.blobs.map((blob) => blob.toString('hex')),
})

/** An accepted one. OpenSSL has to see the structure in it. */
function good(id: string, comment: string, structure: Buffer, sealed: Sealed): Test {
  const { algorithm = 'AES-256' } = sealed
  if (!sealed.unpadded && !opened(algorithm, sealed.iv, Buffer.concat(sealed.blobs))?.equals(structure)) throw new Error(`${id} does not open`)
  return { ...shown(id, comment, 'toCard', sealed), structure: structure.toString('hex'), result: 'valid' }
}

/** A refused one. Whether OpenSSL finds its padding good has to be as stated. */
function bad(id: string, comment: string, stage: Stage, sealed: Sealed): Test {
  const { algorithm = 'AES-256' } = sealed
  const ciphertext = Buffer.concat(sealed.blobs)
  const plain = opened(algorithm, sealed.iv, ciphertext)
  if (!sealed.unpadded && stage !== 'blobs' && (plain === null) !== (stage === 'padding')) throw new Error(`${id} fails for another reason`)
  return { ...shown(id, comment, 'toCard', sealed), stage, result: 'invalid', expect: 'sealed_refused' }
}

export const sealedPublished = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/sealed-published',
      title: 'Sealed data as published: a structure under the session key, CBC, block padding',
      about: [
        'Given key and IV, sealing is deterministic, so valid tests run in both directions: the blobs joined are CBC over "structure". How a ciphertext is cut into blobs is the choice of who seals.',
        'Every refusal looks the same from outside: one code, whatever "stage" noticed the fault (SKI-29). "stage" is for whoever debugs: blobs (their number and lengths), padding, structure, key (the numbers of the key do not fit each other).',
        'In the direction toServer the card has chosen the IV, which stands in front of the ciphertext.',
        'This format has no integrity. Tests with the flag Malleable are accepted although somebody has changed them on the way: the structure that comes out is not the one that was sealed.',
      ],
      flags: {
        Blobs: 'Several blobs: CBC goes on from one to the next, the padding is on the last only.',
        Unpadded: 'The structure is whole blocks, and the call has no CARD_BLOCK_PADDING.',
        Response: 'A response of the card to the server.',
        TripleDes: 'Triple DES, only where a policy says so.',
        Malleable: 'Changed on the way, and accepted.',
        Padding: 'The block padding is not one.',
        Length: 'A ciphertext of a wrong length.',
        Order: 'Blobs are missing, or stand in another order.',
        OtherKey: 'Another key, or another IV.',
      },
      members: {
        function: oneOf(['Import Key Pair', 'Change Authenticator', 'Authenticate'], 'The secure function.'),
        direction: oneOf(['toCard', 'toServer'], 'Who seals: the server for the card, or the card for the server.'),
        algorithm: oneOf(SESSION_ALGORITHMS, 'The algorithm and the length of the session key.'),
        key: hexOf('The session key S1.'),
        iv: hexOf('The initialisation vector, where the server has chosen it.'),
        dwFlags: oneOf([0, 1], 'The flags of the call: 1 is CARD_BLOCK_PADDING.'),
        blobs: listOf({ $ref: '#/$defs/hex' }, 'The blobs, in their order.'),
        structure: hexOf('The structure inside.'),
        stage: oneOf(['blobs', 'padding', 'structure', 'key'], 'What notices the fault first.'),
      },
      always: ['function', 'direction', 'algorithm', 'key', 'dwFlags', 'blobs'],
      outputs: ['structure'],
    },
    [
      ...singleBlobs(),
      ...tripleDes(),
      ...manyBlobs(),
      ...unpadded(),
      ...changedOnTheWay(),
      ...badPadding(),
      ...badBlobs(),
      ...badKeys(),
      ...responses(),
      ...badResponses(),
    ],
  )

const RSA = rsaImport('rsa-2048', 'AT_KEYEXCHANGE')
const AUTHENTICATE = authenticate({ pinId: 1, pin: pinOf('sealed', 12) })
const CHANGE = changeAuthenticator({ flags: 2, authenticatingPinId: 1, targetPinId: 1, authenticating: pinOf('sealed', 12), target: pinOf('sealed/new', 16) })

function single(
  id: string,
  comment: string,
  name: SecureFunction,
  structure: Buffer,
  algorithm: SessionAlgorithm,
  flags?: readonly string[],
  requirement?: string,
): Test {
  const iv = ivFor(algorithm, id)
  return good(id, comment, structure, {
    function: name,
    algorithm,
    iv,
    blobs: [cbc(algorithm, iv, structure)],
    ...(flags ? { flags } : {}),
    ...(requirement ? { requirement } : {}),
  })
}

const word = (algorithm: string) => algorithm.replace('-', '_').toLowerCase()

function singleBlobs(): Test[] {
  return AES.flatMap((algorithm) => [
    single(`${word(algorithm)}_import_rsa_2048`, 'an RSA key: 1196 bytes, 1200 with the padding', 'Import Key Pair', RSA, algorithm),
    ...CARD_CURVES.map((curve) =>
      single(
        `${word(algorithm)}_import_${word(curve)}`,
        `a key on ${curve}`,
        'Import Key Pair',
        ecImport(curve, curve === 'P-384' ? 'ECDSA' : 'ECDH'),
        algorithm,
      ),
    ),
    single(`${word(algorithm)}_authenticate`, 'a PIN of 12 digits', 'Authenticate', AUTHENTICATE, algorithm),
    single(`${word(algorithm)}_change`, 'a PIN and the one that takes its place', 'Change Authenticator', CHANGE, algorithm),
  ])
}

const tripleDes = (): Test[] =>
  (['3DES_112', '3DES'] as const).flatMap((algorithm) => [
    single(`${word(algorithm)}_import_p_256`, 'a key on P-256', 'Import Key Pair', ecImport('P-256', 'ECDH'), algorithm, ['TripleDes'], 'SKI-64'),
    single(`${word(algorithm)}_authenticate`, 'a PIN of 12 digits', 'Authenticate', AUTHENTICATE, algorithm, ['TripleDes'], 'SKI-64'),
  ])

function split(id: string, comment: string, structure: Buffer, name: SecureFunction, ...lengths: readonly number[]): Test {
  const iv = ivFor('AES-256', id)
  return good(id, comment, structure, { function: name, iv, blobs: cut(cbc('AES-256', iv, structure), ...lengths), flags: ['Blobs'], requirement: 'SKI-61' })
}

function manyBlobs(): Test[] {
  return [
    split('two_blobs', 'two parts of about the same length', RSA, 'Import Key Pair', 608),
    split('short_apdus', 'parts that fit into a short APDU', RSA, 'Import Key Pair', 240, 240, 240, 240),
    split('unequal_blobs', 'parts of different lengths', RSA, 'Import Key Pair', 16, 1024, 32),
    split('last_blob_is_padding', 'the last part is a block of padding alone', ecImport('P-256', 'ECDSA'), 'Import Key Pair', 128),
    split('a_block_each', 'a part for each block', AUTHENTICATE, 'Authenticate', 16),
  ]
}

function unpadded(): Test[] {
  const structure = ecImport('P-256', 'ECDH')
  const iv = ivFor('AES-256', 'unpadded')
  const blobs = [cbc('AES-256', iv, structure, false)]
  const padded = [cbc('AES-256', iv, structure)]
  return [
    good('unpadded_import_p_256', '128 bytes are eight blocks', structure, { function: 'Import Key Pair', iv, blobs, unpadded: true, flags: ['Unpadded'] }),
    bad('padded_read_as_unpadded', 'with padding, and the call says without', 'structure', {
      function: 'Import Key Pair',
      iv,
      blobs: padded,
      unpadded: true,
      flags: ['Unpadded'],
    }),
    bad('unpadded_read_as_padded', 'without padding, and the call says with', 'padding', { function: 'Import Key Pair', iv, blobs, flags: ['Unpadded'] }),
  ]
}

/** The IV that makes the first block say something else. */
const rewritten = (iv: Buffer, was: Buffer, is: Buffer): Buffer => Buffer.from(iv.map((byte, i) => byte ^ was[i]! ^ is[i]!))

function changedOnTheWay(): Test[] {
  const changed = (id: string, comment: string, structure: Buffer, other: Buffer, name: SecureFunction): Test => {
    const iv = ivFor('AES-256', id)
    const blobs = [cbc('AES-256', iv, structure)]
    return good(id, comment, other, { function: name, iv: rewritten(iv, structure, other), blobs, flags: ['Malleable'], requirement: 'SKI-60' })
  }
  return [
    changed('iv_changes_container', 'the IV has been changed, and with it the container: 3 has become 4', RSA, withBytes(RSA, 4, 4), 'Import Key Pair'),
    changed(
      'iv_changes_pin',
      'the IV has been changed, and with it the PIN that guards the container: 1 has become 0, everyone',
      RSA,
      withBytes(RSA, 8, 0),
      'Import Key Pair',
    ),
    changed(
      'iv_changes_pin_to_verify',
      'the IV has been changed, and with it the PIN: the one of the user has become the administrator’s',
      AUTHENTICATE,
      withBytes(AUTHENTICATE, 8, 2),
      'Authenticate',
    ),
    changed('iv_changes_to_unblock', 'the IV has been changed: change has become unblock', CHANGE, withBytes(CHANGE, 4, 1), 'Change Authenticator'),
  ]
}

function badPadding(): Test[] {
  // 28 bytes, so four of padding.
  const iv = ivFor('AES-256', 'padding')
  const ending = (id: string, comment: string, ...bytes: readonly number[]) =>
    bad(`padding_${id}`, comment, 'padding', {
      function: 'Authenticate',
      iv,
      blobs: [cbc('AES-256', iv, Buffer.concat([AUTHENTICATE, Buffer.from(bytes)]), false)],
      flags: ['Padding'],
    })
  const whole = Buffer.concat([AUTHENTICATE, Buffer.of(4, 4, 4, 4)])
  return [
    ending('zeros', 'filled with zero bytes', 0, 0, 0, 0),
    ending('one_bit', '80 and then zero bytes, as ISO 7816-4 fills', 0x80, 0, 0, 0),
    ending('count_only', 'only the last byte says how many, as ANSI X9.23 fills', 0, 0, 0, 4),
    ending('first_wrong', 'the first byte of the padding is another one', 5, 4, 4, 4),
    ending('middle_wrong', 'a byte in the middle of the padding is another one', 4, 4, 5, 4),
    ending('too_many', 'more bytes of padding are announced than there are', 4, 4, 4, 5),
    ending('seventeen', 'more than a block', 17, 17, 17, 17),
    ending('highest', 'the last byte is ff', 0xff, 0xff, 0xff, 0xff),
    bad('padding_block_of_zeros', 'a block of zero bytes behind the padding', 'padding', {
      function: 'Authenticate',
      iv,
      blobs: [cbc('AES-256', iv, Buffer.concat([whole, Buffer.alloc(16)]), false)],
      flags: ['Padding'],
    }),
    bad('padding_twice', 'padded and padded again: the first padding counts as PIN', 'structure', {
      function: 'Authenticate',
      iv,
      blobs: [cbc('AES-256', iv, whole)],
      flags: ['Padding'],
    }),
    bad('padding_one_too_few', 'three bytes of padding behind a zero byte', 'structure', {
      function: 'Authenticate',
      iv,
      blobs: [cbc('AES-256', iv, Buffer.concat([AUTHENTICATE, Buffer.of(0, 3, 3, 3)]), false)],
      flags: ['Padding'],
    }),
  ]
}

function badBlobs(): Test[] {
  const iv = ivFor('AES-256', 'blobs')
  const sealed = cbc('AES-256', iv, RSA)
  const short = cbc('AES-256', iv, AUTHENTICATE)
  const [first, second, third, fourth, last] = cut(sealed, 240, 240, 240, 240) as [Buffer, Buffer, Buffer, Buffer, Buffer]
  const of = (id: string, comment: string, stage: Stage, flag: string, blobs: readonly Buffer[], requirement = 'SKI-61') =>
    bad(id, comment, stage, { function: 'Import Key Pair', iv, blobs, flags: [flag], requirement })
  const ofPin = (id: string, comment: string, stage: Stage, flag: string, blobs: readonly Buffer[]) =>
    bad(id, comment, stage, { function: 'Authenticate', iv, blobs, flags: [flag] })
  const separately = (part: Buffer, own: Buffer) => cbc('AES-256', own, part)
  return [
    of('no_blobs', 'an empty list', 'blobs', 'Length', []),
    of('empty_blob', 'one blob of no bytes', 'blobs', 'Length', [Buffer.alloc(0)]),
    of('empty_blob_behind', 'an empty blob behind a good one', 'blobs', 'Length', [sealed, Buffer.alloc(0)]),
    ofPin('one_byte', 'a single byte', 'blobs', 'Length', [short.subarray(0, 1)]),
    ofPin('one_byte_short', 'the last byte is missing', 'blobs', 'Length', [short.subarray(0, -1)]),
    ofPin('one_byte_over', 'a zero byte behind', 'blobs', 'Length', [Buffer.concat([short, Buffer.of(0)])]),
    of('cut_inside_a_block', 'cut inside a block; the parts together are right', 'blobs', 'Length', cut(sealed, 100)),
    of('last_block_dropped', 'the last block is missing', 'padding', 'Order', [sealed.subarray(0, -16)]),
    of('last_blob_dropped', 'the last of five is missing', 'padding', 'Order', [first, second, third, fourth]),
    of('first_blob_dropped', 'the first of five is missing', 'structure', 'Order', [second, third, fourth, last]),
    of('middle_blob_dropped', 'the third of five is missing', 'structure', 'Order', [first, second, fourth, last]),
    of('first_blobs_exchanged', 'the first two have changed places', 'structure', 'Order', [second, first, third, fourth, last]),
    of('middle_blobs_exchanged', 'the second and the third have changed places', 'key', 'Order', [first, third, second, fourth, last]),
    of('last_blobs_exchanged', 'the last two have changed places', 'padding', 'Order', [first, second, third, last, fourth]),
    of('blob_twice', 'the second one stands twice', 'structure', 'Order', [first, second, second, third, fourth, last]),
    of('each_blob_padded', 'each part is a message of its own with the same IV', 'structure', 'Order', [
      separately(RSA.subarray(0, 600), iv),
      separately(RSA.subarray(600), iv),
    ]),
    of('chain_restarted', 'the IV again at the second part, in place of the last block of the first', 'key', 'Order', [
      cbc('AES-256', iv, RSA.subarray(0, 640), false),
      separately(RSA.subarray(640), iv),
    ]),
  ]
}

function badKeys(): Test[] {
  const iv = ivFor('AES-256', 'keys')
  const sealed = cbc('AES-256', iv, RSA)
  const of = (id: string, comment: string, stage: Stage, flag: string, more: Partial<Sealed>, requirement = 'SKI-214') =>
    bad(id, comment, stage, { function: 'Import Key Pair', iv, blobs: [sealed], flags: [flag], requirement, ...more })
  return [
    of('iv_wrong', 'another IV: the first block is wrong, and nothing else', 'structure', 'OtherKey', { iv: ivFor('AES-256', 'other') }, 'SKI-60'),
    of('iv_zero', 'an IV of zero bytes', 'structure', 'OtherKey', { iv: Buffer.alloc(16) }, 'SKI-60'),
    of('made_under_aes_128', 'made under another key', 'padding', 'OtherKey', { blobs: [cbc('AES-128', iv, RSA)] }, 'SKI-60'),
    of('bit_in_the_key', 'one bit of a block in the middle: that block and a bit of the next are wrong', 'key', 'OtherKey', { blobs: [flipped(sealed, 600)] }),
    of('bit_in_the_last_block_but_one', 'one bit of the last block but one: a bit of d, and a block of it', 'key', 'OtherKey', {
      blobs: [flipped(sealed, -30)],
    }),
    of(
      'structure_of_another_function',
      'CARD_AUTHENTICATE where a key pair is expected',
      'structure',
      'OtherKey',
      { blobs: [cbc('AES-256', iv, AUTHENTICATE)] },
      'SKI-62',
    ),
    of(
      'key_bytes_only',
      'the key blob without CARD_IMPORT_KEYPAIR around it',
      'structure',
      'OtherKey',
      { blobs: [cbc('AES-256', iv, RSA.subarray(24))] },
      'SKI-62',
    ),
  ]
}

function response(id: string, comment: string, name: SecureFunction, structure: Buffer, algorithm: SessionAlgorithm = 'AES-256'): Test {
  const iv = ivFor(algorithm, id)
  const ciphertext = cbc(algorithm, iv, structure)
  const sealed = { function: name, algorithm, iv, blobs: [Buffer.concat([iv, ciphertext])], flags: ['Response'], requirement: 'SKI-63' }
  return { ...shown(id, comment, 'toServer', sealed), structure: structure.toString('hex'), result: 'valid' }
}

function responses(): Test[] {
  return [
    ...AES.map((algorithm) =>
      response(
        `response_${word(algorithm)}_session_pin`,
        'a session PIN of 20 bytes',
        'Authenticate',
        authenticateResponse(fromLabel('ski/pin/session', 20), 3),
        algorithm,
      ),
    ),
    response('response_authenticate', 'no session PIN', 'Authenticate', authenticateResponse(Buffer.alloc(0), 3)),
    response('response_change', 'three attempts remain', 'Change Authenticator', changeAuthenticatorResponse(3)),
  ]
}

function badResponses(): Test[] {
  const iv = ivFor('AES-256', 'response')
  const ciphertext = cbc('AES-256', iv, authenticateResponse(fromLabel('ski/pin/session', 20), 3))
  const of = (id: string, comment: string, stage: Stage, ...blobs: readonly Buffer[]): Test => ({
    ...shown(`response_${id}`, comment, 'toServer', { function: 'Authenticate', iv, blobs, flags: ['Response'], requirement: 'SKI-63' }),
    stage,
    result: 'invalid',
    expect: 'sealed_refused',
  })
  return [
    of('without_iv', 'the IV is missing: the first block is taken for it', 'structure', ciphertext),
    of('iv_behind', 'the IV stands behind the ciphertext', 'padding', Buffer.concat([ciphertext, iv])),
    of('iv_changed', 'one bit of the IV, in the version', 'structure', Buffer.concat([flipped(iv, 0, 0x10), ciphertext])),
    of('iv_only', 'nothing behind the IV', 'blobs', iv),
    of('truncated', 'the last byte is missing', 'blobs', Buffer.concat([iv, ciphertext]).subarray(0, -1)),
    of('last_block_dropped', 'the last block is missing', 'padding', Buffer.concat([iv, ciphertext.subarray(0, -16)])),
    of('two_blobs', 'a response is one blob', 'blobs', iv, ciphertext),
    of('no_blobs', 'an empty list', 'blobs'),
    of('reflected', 'the request, sent back', 'structure', Buffer.concat([iv, cbc('AES-256', iv, AUTHENTICATE)])),
  ]
}
