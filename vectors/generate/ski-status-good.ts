/**
 * Vectors of status codes: good calls, with what they say to card or enclave and what they return.
 * @module
 */
import { fromLabel } from './bytes.js'
import { ecKey, ecSpki, rsaKey } from './keys.js'
import { b64, CARD_ID, CARD_NONCE, RECEIPT, SERVER_NONCE, SESSION } from './ski-apdu-layouts.js'
import { capiBlob, eccKeyBlob, keySizes, le32, multiString } from './ski-layouts.js'
import { homeOf, OK, type Case, type Mode } from './ski-status-cases.js'
import {
  bytes,
  call,
  card,
  COMMANDS,
  DERIVED_INPUT,
  dword,
  enclave,
  IV,
  K1_SPKI,
  KEY,
  NO_CARD_MODE,
  ORDERS,
  OTHER_KEY,
  proven,
  refused,
  wide,
  withCard,
  withoutCard,
  type FunctionName,
  type Word,
} from './ski-status-words.js'

type More = Partial<Omit<Case, 'function' | 'requirement' | 'comment' | 'id'>>

/** A good call. Commands are the function's own unless given. */
function good(name: FunctionName, requirement: string, id: string, comment: string, more: More = {}): Case {
  const mode = more.mode ?? homeOf(name)
  const command = (mode === 'card' ? COMMANDS : ORDERS)[name]
  return { mode, function: name, requirement, id, comment, status: OK, ...(command && more.after ? { asks: [command] } : {}), ...more }
}

/** Bytes that are returned, with how many they are. */
const data = (value: Buffer): Readonly<Record<string, unknown>> => ({ data: b64(value), length: value.length })
const done = { after: [card.done] }
const command = (name: FunctionName, change: Readonly<Record<string, unknown>>): readonly Word[] => [{ ...COMMANDS[name]!, ...change }]

const contexts = (): readonly Case[] => {
  const asks = [
    { type: 'apdu.select', channel: 0 },
    { type: 'apdu.capabilities', channel: 0 },
  ]
  const acquired = { before: [], after: [card.selected, card.capabilities], asks }
  const destroyed = [COMMANDS.CardDestroyKey!, { ...COMMANDS.CardDestroyKey!, key: OTHER_KEY }]
  return [
    good('CardAcquireContext', 'SKI-120', 'card', 'the version comes back as negotiated', { ...acquired, returned: { handle: 7 } }),
    good('CardAcquireContext', 'SKI-146', 'later_version', 'the lower of both', { ...acquired, change: { version: 8 }, returned: { handle: 7 } }),
    good('CardAcquireContext', 'SKI-146', 'least_version', 'the lower of both', { ...acquired, change: { version: 4 }, returned: { handle: 4 } }),
    good('CardAcquireContext', 'SKI-21', 'without', 'no reader is asked', { mode: 'no-card', before: [], change: NO_CARD_MODE, returned: { handle: 7 } }),
    good('CardAcquireContext', 'SKI-120', 'again', 'a context that was deleted makes room for the next', {
      ...acquired,
      before: [...withCard.acquired(), call('CardDeleteContext')],
      returned: { handle: 7 },
    }),
    good('CardDeleteContext', 'SKI-121', 'empty', 'nothing to destroy', { before: withCard.acquired() }),
    good('CardDeleteContext', 'SKI-121', 'keys', 'a key and an agreement are destroyed first', { after: [card.done, card.done], asks: destroyed }),
    good('CardDeleteContext', 'SKI-121', 'lost_keys', 'what the card has lost is destroyed', { after: [refused(0x6a88), refused(0x6a88)], asks: destroyed }),
    good('CardDeleteContext', 'SKI-121', 'late_key', 'a key that comes after a timeout is destroyed, too', {
      before: [...withCard.acquired(), call('CardImportSessionKey'), { type: 'app.timeout' }],
      after: [card.sessionKey, card.done],
      asks: [COMMANDS.CardDestroyKey!],
    }),
    good('CardDeleteContext', 'SKI-143', 'without', 'the ninth function', { mode: 'no-card', after: [enclave.destroyed], asks: [ORDERS.CardDestroyKey!] }),
    good('CardDeleteContext', 'SKI-143', 'without_closed', 'the application has closed the enclave’s session before', {
      mode: 'no-card',
      after: [{ type: 'enclave.refused', fault: { code: 'handle_unknown', requirement: 'SKI-218' } }],
      asks: [ORDERS.CardDestroyKey!],
    }),
  ]
}

const ASYMMETRIC = ['RSA', 'ECDH_P256', 'ECDH_P384', 'ECDH_P521', 'ECDSA_P256', 'ECDSA_P384', 'ECDSA_P521']

const properties = (): readonly Case[] => [
  ...(
    [
      ['support', 'Key Import Support', 0, le32(0xe)],
      ['ciphers', 'Algorithms', 1, multiString('AES')],
      ['asymmetric', 'Algorithms', 2, multiString(...ASYMMETRIC)],
      ['block_padding', 'Padding Schemes', 1, le32(1)],
      ['rsa_paddings', 'Padding Schemes', 2, le32(0xa)],
      ['modes', 'Chaining Modes', 0, multiString('ChainingModeCBC')],
      ['modes_of_ciphers', 'Chaining Modes', 1, multiString('ChainingModeCBC')],
      ['card_id', 'Card Identifier', 0, CARD_ID],
    ] as const
  ).map(([id, property, flags, value]) =>
    good('CardGetProperty', 'SKI-94', id, 'from what the card claimed', { change: { property, flags, size: value.length }, returned: data(value) }),
  ),
  good('CardGetProperty', 'SKI-42', 'claim', 'a claim is passed on as it is', {
    before: withCard.acquired({}, { mask: 1, algorithms: [] }),
    returned: data(le32(1)),
  }),
  good('CardGetProperty', 'SKI-93', 'no_ciphers', 'a single empty string', {
    before: withCard.acquired({}, { algorithms: [] }),
    change: { property: 'Algorithms', flags: 1 },
    returned: data(multiString()),
  }),
  good('CardGetProperty', 'SKI-149', 'nonce', 'the card draws it', {
    change: { property: 'Keyferry Card Nonce' },
    after: [card.challenge],
    asks: [{ type: 'apdu.challenge', channel: 0 }],
    returned: data(CARD_NONCE),
  }),
  ...(['card', 'no-card'] as const).flatMap((mode) =>
    (
      [
        ['block_aes', 'AES', 'BlockLength', le32(16)],
        ['block_3des', '3DES', 'BlockLength', le32(8)],
        ['block_3des_112', '3DES_112', 'BlockLength', le32(8)],
        ['lengths_aes', 'AES', 'KeyLengths', Buffer.concat([le32(128), le32(256), le32(64)])],
        ['lengths_3des', '3DES', 'KeyLengths', Buffer.concat([le32(192), le32(192), le32(0)])],
      ] as const
    ).map(([id, algorithm, property, value]) =>
      good('CardGetAlgorithmProperty', 'SKI-136', id, 'a fact about the algorithm', { mode, change: { algorithm, property }, returned: data(value) }),
    ),
  ),
  ...(['card', 'no-card'] as const).flatMap((mode) =>
    (
      [
        ['block_length', 'BlockLength', b64(le32(16)), 4],
        ['mode', 'ChainingMode', wide('ChainingModeCBC'), 32],
        ['iv', 'IV', IV, 16],
      ] as const
    ).map(([id, property, value, length]) =>
      good('CardGetKeyProperty', 'SKI-138', id, 'as it was set, or as it follows from the algorithm', {
        mode,
        change: { property, size: length },
        returned: { data: value, length },
      }),
    ),
  ),
  good('CardGetKeyProperty', 'SKI-149', 'receipt', 'the card’s word for the session key', {
    change: { property: 'Keyferry Receipt' },
    returned: data(RECEIPT),
  }),
  ...(['card', 'no-card'] as const).flatMap((mode) => {
    const after: readonly Word[] = [mode === 'card' ? card.done : enclave.propertySet]
    const own = (mode === 'card' ? COMMANDS : ORDERS).CardSetKeyProperty!
    return [
      good('CardSetKeyProperty', 'SKI-139', 'iv', 'goes to where the key is', { mode, after }),
      good('CardSetKeyProperty', 'SKI-139', 'mode', 'goes to where the key is', {
        mode,
        after,
        change: { property: 'ChainingMode', input: wide('ChainingModeCBC') },
        asks: [{ ...own, mode: 'CBC', iv: null }],
      }),
    ]
  }),
  good('CardSetKeyProperty', 'SKI-149', 'container', 'stays here until it is needed', { change: { property: 'Keyferry Container', input: dword(15) } }),
]

/** `CONTAINER_INFO` for x64, with the buffers right behind it. */
function containerInfo(signature: Buffer, exchange: Buffer): Buffer {
  const info = Buffer.alloc(40)
  info.writeUInt32LE(1, 0)
  info.writeUInt32LE(signature.length, 8)
  info.writeUInt32LE(signature.length > 0 ? 40 : 0, 16)
  info.writeUInt32LE(exchange.length, 24)
  info.writeUInt32LE(exchange.length > 0 ? 40 + signature.length : 0, 32)
  return Buffer.concat([info, signature, exchange])
}

const shown = (purpose: string, spki: string, evidence: string | null): Word => ({ type: 'card.publicKey', channel: 0, purpose, spki, evidence })
const NONE = Buffer.alloc(0)

const containers = (): readonly Case[] => {
  const ec = ecKey('P-384', 'ski/status/user')
  const spki = b64(ecSpki(ec))
  const file = fromLabel('ski/status/file', 172)
  const evidence = fromLabel('ski/status/evidence', 331)
  return [
    good('CardReadFile', 'SKI-182', 'map', 'the container map', { after: [{ type: 'card.file', channel: 0, data: b64(file) }], returned: data(file) }),
    good('CardReadFile', 'SKI-182', 'certificate', 'the certificate of container 15, of an exchange key or a signature key', {
      change: { file: 'ksc15' },
      after: [{ type: 'card.file', channel: 0, data: b64(file) }],
      asks: command('CardReadFile', { file: 'certificate', container: 15 }),
      returned: data(file),
    }),
    good('CardWriteFile', 'SKI-183', 'certificate', 'a certificate', done),
    good('CardCreateContainer', 'SKI-124', 'rsa_2048', 'under the user’s PIN', done),
    ...[3072, 4096].map((keySize) =>
      good('CardCreateContainer', 'SKI-124', `rsa_${keySize}`, 'under the user’s PIN', {
        ...done,
        change: { keySize },
        asks: command('CardCreateContainer', { kind: `rsa-${keySize}` }),
      }),
    ),
    good('CardCreateContainerEx', 'SKI-125', 'p_256', 'under a PIN of the caller’s choice', done),
    ...[384, 521].map((size, at) =>
      good('CardCreateContainerEx', 'SKI-125', `p_${size}`, 'under nobody’s PIN', {
        ...done,
        change: { keySpec: 7 + at, pinId: 0 },
        asks: command('CardCreateContainerEx', { kind: `ec-P-${size}`, pinId: 0 }),
      }),
    ),
    good('CardDeleteContainer', 'SKI-184', 'k1', 'K1 after the run', done),
    good('CardGetContainerInfo', 'SKI-126', 'rsa', 'K1 in the exchange slot, as CryptoAPI writes it', {
      after: [shown('session', K1_SPKI, null)],
      returned: { data: b64(containerInfo(NONE, capiBlob(rsaKey('kek-2048'), 'public'))), spki: K1_SPKI },
    }),
    good('CardGetContainerInfo', 'SKI-126', 'ecdh', 'a key for agreements in the exchange slot', {
      after: [shown('agreement', spki, null)],
      returned: { data: b64(containerInfo(NONE, eccKeyBlob(ec, 'ECDH', 'public'))), spki },
    }),
    good('CardGetContainerInfo', 'SKI-126', 'ecdsa', 'a user’s EC key in the signature slot', {
      after: [shown('user', spki, null)],
      returned: { data: b64(containerInfo(eccKeyBlob(ec, 'ECDSA', 'public'), NONE)), spki },
    }),
    good('CardGetContainerProperty', 'SKI-142', 'plain', 'the public key alone', {
      change: { flags: 0 },
      after: [shown('session', K1_SPKI, null)],
      asks: command('CardGetContainerProperty', { evidence: 'plain' }),
      returned: { data: K1_SPKI, length: 294, spki: K1_SPKI },
    }),
    good('CardGetContainerProperty', 'SKI-142', 'attested', 'signed by the card', {
      after: [shown('session', K1_SPKI, b64(evidence))],
      returned: { ...data(evidence), spki: K1_SPKI },
    }),
    good('CardGetContainerProperty', 'SKI-142', 'shared_key', 'with a MAC under the shared key', {
      change: { flags: 2, size: 331 },
      after: [shown('session', K1_SPKI, b64(evidence))],
      asks: command('CardGetContainerProperty', { evidence: 'sharedKey' }),
      returned: { ...data(evidence), spki: K1_SPKI },
    }),
    good('CardQueryKeySizes', 'SKI-127', 'rsa', 'sizes of RSA', { returned: data(keySizes(2048, 2048, 4096, 1024)) }),
    good('CardQueryKeySizes', 'SKI-127', 'p_384', 'a curve has one size', { change: { keySpec: 7 }, returned: data(keySizes(384, 384, 384, 1)) }),
    good('CardAuthenticateEx', 'SKI-283', 'pad', 'the PIN does not pass here', done),
    good('CardAuthenticateEx', 'SKI-131', 'silent', 'the one flag that changes nothing here', { ...done, change: { flags: 0x40 } }),
    good('CardAuthenticateEx', 'SKI-284', 'typed', 'outside the promise', {
      ...done,
      change: { pin: b64(Buffer.from('test PIN', 'latin1')) },
      asks: command('CardAuthenticateEx', { pin: b64(Buffer.from('test PIN', 'latin1')) }),
    }),
    good('CardDeauthenticateEx', 'SKI-132', 'one', 'one PIN', done),
    good('CardDeauthenticateEx', 'SKI-132', 'several', 'one command for each PIN of the set', {
      change: { pins: 0x86 },
      after: [card.done, card.done, card.done],
      asks: [1, 2, 7].map((pinId) => ({ ...COMMANDS.CardDeauthenticateEx!, pinId })),
    }),
  ]
}

const OAEP = [
  ['SHA1', 'oaep-sha1'],
  ['SHA384', 'oaep-sha384'],
  ['SHA512', 'oaep-sha512'],
] as const

const establishing = (): readonly Case[] => {
  const keyed = { after: [card.sessionKey], returned: { handle: 2 } }
  const drawn = { after: [{ ...card.sessionKey, nonce: b64(CARD_NONCE) }], returned: { handle: 2, ...data(CARD_NONCE) } }
  const blob = { blobType: 'KeyferryProvenKeyBlob' }
  return [
    good('CardImportSessionKey', 'SKI-141', 'oaep_sha256', 'the next handle', keyed),
    ...OAEP.map(([hash, padding]) =>
      good('CardImportSessionKey', 'SKI-141', padding.replace('-', '_'), 'another hash', {
        ...keyed,
        change: { paddingInfo: { hash, label: '' } },
        asks: command('CardImportSessionKey', { padding }),
      }),
    ),
    good('CardImportSessionKey', 'SKI-141', 'pkcs1', 'padding information is not looked at', {
      ...keyed,
      change: { flags: 2, paddingInfo: { hash: 'MD5', label: bytes('label', 3) } },
      asks: command('CardImportSessionKey', { padding: 'pkcs1' }),
    }),
    good('CardImportSessionKey', 'SKI-141', 'sized', 'an identifier with the size in it', {
      ...keyed,
      change: { algorithm: 'AES-128' },
      asks: command('CardImportSessionKey', { algorithm: 'AES-128' }),
    }),
    ...(['session', 'sessionAes128'] as const).map((which) =>
      good('CardImportSessionKey', 'SKI-141', which === 'session' ? 'proven' : 'proven_aes_128', 'the establishment says which algorithm it is', {
        ...keyed,
        change: { ...blob, input: proven[which] },
        asks: command('CardImportSessionKey', { input: proven[which], proven: true, algorithm: which === 'session' ? 'AES-256' : 'AES-128' }),
      }),
    ),
    good('CardImportSessionKey', 'SKI-147', 'after_destroy', 'no handle is given twice', {
      ...keyed,
      before: [...withCard.key(), call('CardDestroyKey'), card.done],
    }),
    good('CardImportSessionKey', 'SKI-147', 'after_context', 'not even in the next context', {
      ...keyed,
      before: [...withCard.key(), call('CardDeleteContext'), card.done, ...withCard.acquired()],
    }),
    good('CardConstructDHAgreement', 'SKI-128', 'second', 'the next free index', { after: [card.agreement], returned: { handle: 2 } }),
    good('CardConstructDHAgreement', 'SKI-128', 'freed', 'an index is free again when its agreement is destroyed', {
      before: [...withCard.ready(), call('CardDestroyDHAgreement'), card.done],
      after: [card.agreement],
      returned: { handle: 1 },
    }),
    good('CardDeriveKey', 'SKI-129', 'bare', 'session and server nonce', keyed),
    good('CardDeriveKey', 'SKI-129', 'proven', 'an establishment around them', {
      ...keyed,
      change: { parameters: proven.agreement, keyLength: 256 },
      asks: command('CardDeriveKey', { algorithm: 'AES-256', proven: true, input: proven.agreement }),
    }),
    good('CardDestroyDHAgreement', 'SKI-130', 'agreement', 'the agreement goes', done),
    good('CardGetSharedKeyHandle', 'SKI-135', 'shared', 'the shared key itself', keyed),
    good('CardGetSharedKeyHandle', 'SKI-135', 'derived', 'the card’s nonce comes back', {
      ...drawn,
      change: { input: DERIVED_INPUT },
      asks: command('CardGetSharedKeyHandle', { way: 'derived', input: b64(Buffer.concat([SESSION, SERVER_NONCE])) }),
    }),
    ...(['shared', 'derived'] as const).map((way) =>
      good('CardGetSharedKeyHandle', 'SKI-135', `proven_${way}`, 'an establishment around it', {
        ...drawn,
        change: { input: proven[way] },
        asks: command('CardGetSharedKeyHandle', { way, algorithm: way === 'shared' ? 'AES-256' : 'AES-128', proven: true, input: proven[way] }),
      }),
    ),
    good('CardDestroyKey', 'SKI-137', 'key', 'the card has done it', done),
  ]
}

const sealed = (): readonly Case[] => {
  const processed = (output: string | null): readonly Word[] => [{ type: 'card.processed', channel: 0, output }]
  const response = fromLabel('ski/status/response', 32)
  const authenticate = {
    change: { function: 'Authenticate', size: 32 },
    asks: command('CardProcessEncryptedData', { function: 'Authenticate', container: null }),
  }
  const opened = (mode: Mode, sessionPin: string | null): More => ({
    mode,
    change: { function: 'Authenticate' },
    after: [{ type: 'enclave.responseOpened', attemptsRemaining: 3, sessionPin }],
    returned: { length: 3, ...(sessionPin === null ? {} : { plain: { reference: sessionPin } }) },
  })
  const blobs = [bytes('blob 1', 48), bytes('blob 2', 16)]
  return [
    good('CardProcessEncryptedData', 'SKI-140', 'import', 'the published format has no receipt', { after: processed(null) }),
    good('CardProcessEncryptedData', 'SKI-71', 'import_receipt', 'the bound format has one', { after: processed(b64(RECEIPT)), returned: data(RECEIPT) }),
    good('CardProcessEncryptedData', 'SKI-282', 'authenticate', 'the response passes unread; no container', {
      ...authenticate,
      after: processed(b64(response)),
      returned: data(response),
    }),
    good('CardProcessEncryptedData', 'SKI-282', 'response', 'without a card the response is opened', opened('no-card', null)),
    good('CardProcessEncryptedData', 'SKI-282', 'session_pin', 'a session PIN stays in the enclave', opened('no-card', KEY)),
    good('CardProcessEncryptedData', 'SKI-63', 'response_iv', 'the response brings its own IV', { ...opened('no-card', null), before: withoutCard.key() }),
    good('MDImportSessionKey', 'SKI-133', 'key', 'the next handle', { after: [enclave.keyReady], returned: { handle: 2 } }),
    good('MDEncryptData', 'SKI-134', 'one', 'one blob', {
      after: [{ type: 'enclave.mdEncrypted', blobs: blobs.slice(0, 1) }],
      returned: { blobs: blobs.slice(0, 1) },
    }),
    good('MDEncryptData', 'SKI-61', 'several', 'several, in order', {
      change: { pieces: 2 },
      after: [{ type: 'enclave.mdEncrypted', blobs }],
      asks: [{ ...ORDERS.MDEncryptData!, pieces: 2 }],
      returned: { blobs },
    }),
    good('MDEncryptData', 'SKI-134', 'no_padding', 'whole blocks need none', {
      change: { function: 'Authenticate', flags: 0 },
      after: [{ type: 'enclave.mdEncrypted', blobs: blobs.slice(1) }],
      asks: [{ ...ORDERS.MDEncryptData!, function: 'Authenticate', flags: 0 }],
      returned: { blobs: blobs.slice(1) },
    }),
    good('CardGetSharedKeyHandle', 'SKI-135', 'shared', 'the shared key itself', { mode: 'no-card', after: [enclave.keyReady], returned: { handle: 2 } }),
    good('CardGetSharedKeyHandle', 'SKI-135', 'nonce', 'with the nonce that the card has put out', {
      mode: 'no-card',
      change: { input: b64(CARD_NONCE) },
      after: [enclave.keyReady],
      asks: [{ ...ORDERS.CardGetSharedKeyHandle!, input: b64(CARD_NONCE) }],
      returned: { handle: 2 },
    }),
    good('CardDestroyKey', 'SKI-137', 'key', 'the enclave has done it', { mode: 'no-card', after: [enclave.destroyed] }),
  ]
}

/** All of them. */
export const goodCalls = (): readonly Case[] => [contexts, properties, containers, establishing, sealed].flatMap((make) => make())
