/**
 * Vectors of status codes: faults that a minidriver finds by itself, before anything is asked of card or enclave.
 * @module
 */
import { fromLabel } from './bytes.js'
import { b64 } from './ski-apdu-layouts.js'
import { HANDLE, INVALID, REVISION, seen, TOO_SMALL, UNSUPPORTED, type Case, type Line, type Mode } from './ski-status-cases.js'
import {
  bytes,
  call,
  card,
  DERIVED_INPUT,
  dword,
  enclave,
  NO_CARD_MODE,
  proven,
  SIGNING_POINT,
  wide,
  withCard,
  withoutCard,
  type FunctionName,
  type Word,
} from './ski-status-words.js'

const MODES: readonly Mode[] = ['card', 'no-card']
const both = (name: FunctionName, requirement: string, lines: readonly Line[], before?: Readonly<Record<Mode, readonly Word[]>>): readonly Case[] =>
  MODES.flatMap((mode) => seen(mode, name, requirement, lines, before ? { before: before[mode] } : {}))
const acquired: Readonly<Record<Mode, readonly Word[]>> = { card: withCard.acquired(), 'no-card': withoutCard.acquired() }
const justKey: Readonly<Record<Mode, readonly Word[]>> = { card: withCard.key(), 'no-card': withoutCard.key() }
const OAEP = (hash: string, label: string | null) => ({ hash, label })

const acquire = (): readonly Case[] => {
  const nothing = { before: [] }
  return [
    ...MODES.flatMap((mode) =>
      seen(mode, 'CardAcquireContext', 'SKI-22', [['already_acquired', INVALID, mode === 'card' ? {} : NO_CARD_MODE, 'the context lives']], {
        before: acquired[mode],
      }),
    ),
    ...seen('card', 'CardAcquireContext', 'SKI-22', [['already_acquired', INVALID, NO_CARD_MODE, 'no call changes the mode', 'other_mode']], {
      before: acquired.card,
    }),
    ...seen(
      'card',
      'CardAcquireContext',
      'SKI-120',
      [
        ['flags_unknown', INVALID, { flags: 2 }, 'there is one flag, and this is another one'],
        ['allocators_missing', INVALID, { allocators: false }, 'what is to be returned needs a place'],
        ['handles_zero', HANDLE, { hSCardCtx: 0 }, 'the resource manager’s handle', 'context'],
        ['handles_zero', HANDLE, { hScard: 0 }, 'the card’s handle', 'card'],
        ['atr_missing', INVALID, { atr: null }, 'no ATR', 'null'],
        ['atr_missing', INVALID, { atr: '' }, 'an ATR of no bytes', 'empty'],
        ['card_name_missing', INVALID, { cardName: null }, 'no name'],
        ['card_unknown', 'SCARD_E_UNKNOWN_CARD', { cardName: 'Another card' }, 'a card of another product'],
      ],
      nothing,
    ),
    ...seen('card', 'CardAcquireContext', 'SKI-146', [['version_too_low', REVISION, { version: 3 }, 'the least is 4']], nothing),
    ...seen(
      'no-card',
      'CardAcquireContext',
      'SKI-120',
      [
        ['flags_unknown', INVALID, { ...NO_CARD_MODE, flags: 3 }, 'the one flag and another one'],
        ['allocators_missing', INVALID, { ...NO_CARD_MODE, allocators: false }, 'without a card, too'],
      ],
      nothing,
    ),
    ...seen('no-card', 'CardAcquireContext', 'SKI-120', [['mode_not_offered', UNSUPPORTED, NO_CARD_MODE, 'a product without that mode']], {
      before: [],
      product: { offersNoCard: false },
    }),
    ...seen(
      'no-card',
      'CardAcquireContext',
      'SKI-146',
      [['version_too_low', REVISION, { ...NO_CARD_MODE, version: 6 }, 'the mode came with version 7']],
      nothing,
    ),
  ]
}

const properties = (): readonly Case[] => [
  ...seen('card', 'CardGetProperty', 'SKI-122', [
    ['pointer_null', INVALID, { property: null }, 'no name'],
    ['property_unknown', INVALID, { property: 'Key Import' }, 'no such property'],
    ['property_unknown', INVALID, { property: 'key import support' }, 'names have their case', 'case'],
    ['property_unknown', INVALID, { property: 'BlockLength' }, 'a property, but not of a card', 'of_key'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'this property has no flags'],
    ['flags_unknown', INVALID, { property: 'Algorithms', flags: 0 }, 'ciphers or asymmetric algorithms: it has to be said', 'algorithms'],
    ['flags_unknown', INVALID, { property: 'Algorithms', flags: 3 }, 'not both at once', 'algorithms_both'],
    ['flags_unknown', INVALID, { property: 'Padding Schemes', flags: 0 }, 'as for the algorithms', 'paddings'],
    ['flags_unknown', INVALID, { property: 'Chaining Modes', flags: 2 }, '0 and 1 are taken', 'modes'],
  ]),
  ...seen('card', 'CardGetProperty', 'SKI-122', [['buffer_too_small', TOO_SMALL, { size: 3 }, 'four bytes are needed']], { returned: { length: 4 } }),
  ...seen(
    'card',
    'CardGetProperty',
    'SKI-122',
    [['buffer_too_small', TOO_SMALL, { property: 'Chaining Modes', size: 0 }, 'how much is needed is asked with 0', 'names']],
    {
      returned: { length: 34 },
    },
  ),
  ...seen(
    'card',
    'CardGetProperty',
    'SKI-122',
    [['buffer_too_small', TOO_SMALL, { property: 'Keyferry Card Nonce', size: 15 }, 'no nonce is drawn', 'nonce']],
    {
      returned: { length: 16 },
    },
  ),
  ...seen('card', 'CardSetProperty', 'SKI-123', [
    ['pointer_null', INVALID, { property: null }, 'no name'],
    ['property_unknown', INVALID, { property: 'IV' }, 'a property, but not of a card'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['property_read_only', UNSUPPORTED, {}, 'what the card can do cannot be set'],
    ['property_read_only', UNSUPPORTED, { property: 'Keyferry Card Nonce' }, 'nor can its nonce', 'nonce'],
  ]),
  ...both('CardGetAlgorithmProperty', 'SKI-136', [
    ['pointer_null', INVALID, { algorithm: null }, 'no algorithm', 'algorithm'],
    ['pointer_null', INVALID, { property: null }, 'no property', 'property'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['algorithm_unknown', INVALID, { algorithm: 'DES' }, 'not an algorithm of this interface'],
    ['algorithm_unknown', INVALID, { algorithm: 'RSA' }, 'not a cipher', 'asymmetric'],
    ['property_unknown', INVALID, { property: 'IV' }, 'an algorithm has none'],
    ['property_unknown', INVALID, { property: 'ChainingMode' }, 'modes are a property of the card', 'mode'],
  ]),
  ...MODES.flatMap((mode) =>
    seen(mode, 'CardGetAlgorithmProperty', 'SKI-136', [['buffer_too_small', TOO_SMALL, { property: 'KeyLengths', size: 11 }, 'three times four bytes']], {
      returned: { length: 12 },
    }),
  ),
]

const keys = (): readonly Case[] => [
  ...both('CardGetKeyProperty', 'SKI-138', [
    ['pointer_null', INVALID, { property: null }, 'no name'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['handle_invalid', HANDLE, { handle: 0 }, '0 is no handle', 'zero'],
    ['handle_invalid', HANDLE, { handle: 2 }, 'never given out'],
    ['property_unknown', INVALID, { property: 'KeyLengths' }, 'a property of algorithms'],
    ['property_unknown', INVALID, { property: 'Keyferry Container' }, 'is set and not read', 'write_only'],
  ]),
  ...both('CardGetKeyProperty', 'SKI-138', [['property_not_set', INVALID, { property: 'IV' }, 'no IV yet']], justKey),
  ...both('CardGetKeyProperty', 'SKI-138', [['property_not_set', INVALID, { property: 'ChainingMode' }, 'no mode yet', 'mode']], justKey),
  ...MODES.flatMap((mode) =>
    seen(mode, 'CardGetKeyProperty', 'SKI-138', [['buffer_too_small', TOO_SMALL, { property: 'IV', size: 15 }, 'one block']], { returned: { length: 16 } }),
  ),
  ...both('CardSetKeyProperty', 'SKI-139', [
    ['pointer_null', INVALID, { property: null }, 'no name', 'property'],
    ['pointer_null', INVALID, { input: null }, 'no value', 'input'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['handle_invalid', HANDLE, { handle: 2 }, 'never given out'],
    ['property_unknown', INVALID, { property: 'Salt' }, 'no such property'],
    ['property_read_only', INVALID, { property: 'BlockLength', input: dword(16) }, 'follows from the algorithm'],
    ['property_read_only', INVALID, { property: 'Keyferry Receipt', input: bytes('receipt', 104) }, 'is the card’s word', 'receipt'],
    ['chaining_mode_not_offered', INVALID, { property: 'ChainingMode', input: wide('ChainingModeECB') }, 'CBC is the only one'],
    ['chaining_mode_not_offered', INVALID, { property: 'ChainingMode', input: b64(Buffer.from('ChainingModeCBC', 'utf16le')) }, 'no NUL at its end', 'no_nul'],
    ['iv_length_wrong', INVALID, { input: bytes('iv', 8) }, 'a block of another cipher', 'short'],
    ['iv_length_wrong', INVALID, { input: bytes('iv', 17) }, 'a byte too many', 'long'],
  ]),
  ...seen('card', 'CardSetKeyProperty', 'SKI-149', [
    ['container_unknown', INVALID, { property: 'Keyferry Container', input: dword(16) }, 'the card has 16, from 0 on'],
    ['container_unknown', INVALID, { property: 'Keyferry Container', input: b64(Buffer.of(2)) }, 'four bytes are wanted', 'length'],
  ]),
  ...seen('no-card', 'CardSetKeyProperty', 'SKI-139', [
    ['property_unknown', INVALID, { property: 'Keyferry Container', input: dword(2) }, 'no card, no container', 'container'],
  ]),
  ...(['CardGetKeyProperty', 'CardSetKeyProperty', 'CardProcessEncryptedData', 'CardDestroyKey'] as const).flatMap((name) => [
    ...seen('card', name, '', [['handle_destroyed', HANDLE, {}, 'the key was destroyed before']], {
      before: [...withCard.ready(), call('CardDestroyKey'), card.done],
    }),
    ...seen('no-card', name, '', [['handle_destroyed', HANDLE, {}, 'the key was destroyed before']], {
      before: [...withoutCard.ready(), call('CardDestroyKey'), enclave.destroyed],
    }),
  ]),
  ...seen(
    'card',
    'CardGetKeyProperty',
    '',
    [['handle_destroyed', HANDLE, {}, 'a handle of a context that was deleted is none of the next one', 'context_before']],
    {
      before: [...withCard.ready(), call('CardDeleteContext'), card.done, card.done, ...withCard.acquired()],
    },
  ),
  ...both('CardDestroyKey', 'SKI-137', [
    ['handle_invalid', HANDLE, { handle: 0 }, '0 is no handle', 'zero'],
    ['handle_invalid', HANDLE, { handle: 7 }, 'never given out'],
  ]),
]

const sealed = (): readonly Case[] => [
  ...both('CardProcessEncryptedData', 'SKI-140', [
    ['pointer_null', INVALID, { function: null }, 'no function', 'function'],
    ['pointer_null', INVALID, { blobs: null }, 'no array', 'blobs'],
    ['blob_count_zero', INVALID, { blobs: [] }, 'an empty array'],
    ['handle_invalid', HANDLE, { handle: 0 }, '0 is no handle'],
    ['secure_function_unknown', INVALID, { function: 'Import Key' }, 'no such function'],
    ['flags_unknown', INVALID, { function: 'Authenticate', flags: 2 }, 'block padding is the only flag'],
  ]),
  ...seen('card', 'CardProcessEncryptedData', 'SKI-12', [['chaining_mode_missing', INVALID, {}, 'nothing was set']], { before: withCard.key() }),
  ...seen('card', 'CardProcessEncryptedData', 'SKI-12', [['iv_missing', INVALID, {}, 'the mode alone was set']], {
    before: withCard.ready().slice(0, -5),
  }),
  ...seen('card', 'CardProcessEncryptedData', 'SKI-12', [['iv_missing', INVALID, {}, 'the IV was used up by the call before', 'used']], {
    before: [...withCard.ready(), call('CardProcessEncryptedData'), { type: 'card.processed', channel: 0, output: null }],
  }),
  ...seen('card', 'CardProcessEncryptedData', 'SKI-149', [['container_not_named', INVALID, {}, 'where the key is meant to go was not said']], {
    before: withCard.ready().slice(0, -3),
  }),
  ...seen(
    'card',
    'CardProcessEncryptedData',
    'SKI-140',
    [['buffer_too_small', TOO_SMALL, { function: 'Authenticate', size: 31 }, 'an IV and a block at least']],
    {
      returned: { length: 32 },
    },
  ),
  ...seen('no-card', 'CardProcessEncryptedData', 'SKI-140', [['import_without_card', UNSUPPORTED, {}, 'what is opened here comes from a card']]),
  ...seen(
    'no-card',
    'CardProcessEncryptedData',
    'SKI-140',
    [['buffer_too_small', TOO_SMALL, { function: 'Change Authenticator', size: 7 }, 'the response has 8 bytes']],
    {
      returned: { length: 8 },
    },
  ),
  ...seen('no-card', 'MDImportSessionKey', 'SKI-133', [
    ['pointer_null', INVALID, { blobType: null }, 'no blob type', 'blob_type'],
    ['pointer_null', INVALID, { algorithm: null }, 'no algorithm', 'algorithm'],
    ['pointer_null', INVALID, { phKey: false }, 'no place for the handle', 'handle'],
    ['pointer_null', INVALID, { input: null }, 'no blob', 'input'],
    ['blob_type_unknown', INVALID, { blobType: 'OpaqueKeyBlob' }, 'KeyDataBlob is the only one'],
    ['algorithm_unknown', INVALID, { algorithm: 'AES-256' }, 'the blob says the size, the identifier does not'],
    ['algorithm_not_offered', UNSUPPORTED, { algorithm: '3DES' }, 'known, and not offered by this product'],
  ]),
  ...seen('no-card', 'MDEncryptData', 'SKI-134', [
    ['pointer_null', INVALID, { function: null }, 'no function', 'function'],
    ['pointer_null', INVALID, { input: null }, 'no structure', 'input'],
    ['handle_invalid', HANDLE, { handle: 2 }, 'never given out'],
    ['secure_function_unknown', INVALID, { function: 'import key pair' }, 'names have their case'],
    ['flags_unknown', INVALID, { flags: 2 }, 'block padding is the only flag'],
  ]),
  ...seen('no-card', 'MDEncryptData', '', [['handle_destroyed', HANDLE, {}, 'the key was destroyed before']], {
    before: [...withoutCard.ready(), call('CardDestroyKey'), enclave.destroyed],
  }),
  ...seen('no-card', 'MDEncryptData', '', [['chaining_mode_missing', INVALID, {}, 'nothing was set']], { before: withoutCard.key() }),
  ...seen('no-card', 'MDEncryptData', '', [['iv_missing', INVALID, {}, 'the mode alone was set']], { before: withoutCard.ready().slice(0, -2) }),
  ...seen('no-card', 'MDEncryptData', '', [['iv_missing', INVALID, {}, 'the IV was used up by the call before', 'used']], {
    before: [...withoutCard.ready(), call('MDEncryptData'), { type: 'enclave.mdEncrypted', blobs: [bytes('blob', 32)] }],
  }),
  ...both(
    'CardGetSharedKeyHandle',
    'SKI-135',
    [
      ['pointer_null', INVALID, { phKey: false }, 'no place for the handle'],
      ['derivation_input_wrong', INVALID, { input: '' }, 'no bytes are not NULL', 'empty'],
      ['derivation_input_wrong', INVALID, { input: bytes('session', 32) }, 'too short for one mode, too long for the other', 'length'],
    ],
    acquired,
  ),
  ...seen('card', 'CardGetSharedKeyHandle', 'SKI-135', [
    [
      'derivation_input_wrong',
      INVALID,
      { input: b64(Buffer.concat([fromLabel('ski/status/session', 32), Buffer.of(6)])) },
      'no algorithm has this number',
      'algorithm',
    ],
    ['derivation_input_wrong', INVALID, { input: proven.session }, 'an establishment of another way', 'way'],
  ]),
  ...seen('no-card', 'CardGetSharedKeyHandle', 'SKI-135', [['derivation_input_wrong', INVALID, { input: DERIVED_INPUT }, 'the card’s input', 'of_card']]),
]

const establishing = (): readonly Case[] => [
  ...seen('card', 'CardImportSessionKey', 'SKI-141', [
    ['pointer_null', INVALID, { blobType: null }, 'no blob type', 'blob_type'],
    ['pointer_null', INVALID, { algorithm: null }, 'no algorithm', 'algorithm'],
    ['pointer_null', INVALID, { phKey: false }, 'no place for the handle', 'handle'],
    ['pointer_null', INVALID, { input: null }, 'no blob', 'input'],
    ['padding_not_offered', INVALID, { flags: 1, paddingInfo: null }, 'RSA without padding', 'none'],
    ['padding_not_offered', INVALID, { flags: 4 }, 'CARD_PADDING_PSS is a padding of signatures', 'pss'],
    ['padding_not_offered', INVALID, { flags: 10 }, 'one padding, not two', 'several'],
    ['padding_not_offered', INVALID, { flags: 0 }, 'no padding named', 'zero'],
    ['padding_info_missing', INVALID, { paddingInfo: null }, 'OAEP wants to know the hash'],
    ['hash_unknown', INVALID, { paddingInfo: OAEP('MD5', null) }, 'not a hash of this interface'],
    ['hash_unknown', INVALID, { paddingInfo: OAEP('SHA-256', null) }, 'not as CNG spells it', 'spelling'],
    ['hash_unknown', INVALID, { paddingInfo: OAEP('toString', null) }, 'a name that lookups in objects find', 'prototype'],
    ['label_not_empty', INVALID, { paddingInfo: OAEP('SHA256', bytes('label', 4)) }, 'no label'],
    ['blob_type_unknown', INVALID, { blobType: 'Rfc3565KeyWrapBlob' }, 'another way to wrap'],
    ['algorithm_unknown', INVALID, { algorithm: 'RC4' }, 'no such algorithm'],
    ['algorithm_not_offered', UNSUPPORTED, { algorithm: '3DES' }, 'known, and not offered by the card'],
    ['container_unknown', INVALID, { containerIndex: 16 }, 'the card has 16, from 0 on'],
  ]),
  ...seen('card', 'CardImportSessionKey', 'SKI-141', [['padding_not_offered', INVALID, {}, 'the card does not offer OAEP', 'by_card']], {
    before: withCard.acquired({}, { paddings: 2 }),
  }),
  ...seen('card', 'CardConstructDHAgreement', 'SKI-128', [
    ['pointer_null', INVALID, { publicKey: null }, 'no point'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['structure_version_low', REVISION, { version: 1 }, 'version 2 has the members that are needed'],
    ['peer_key_invalid', INVALID, { publicKey: bytes('point', 72) }, 'no key blob'],
    ['peer_key_invalid', INVALID, { publicKey: SIGNING_POINT }, 'a key for signatures', 'signing'],
    ['container_unknown', INVALID, { containerIndex: 255 }, 'the card has 16, from 0 on'],
  ]),
  ...seen('card', 'CardDeriveKey', 'SKI-129', [
    ['pointer_null', INVALID, { kdf: null }, 'no derivation', 'kdf'],
    ['pointer_null', INVALID, { algorithm: null }, 'no algorithm', 'algorithm'],
    ['pointer_null', INVALID, { parameters: null }, 'no parameter list', 'parameters'],
    ['structure_version_low', REVISION, { version: 1 }, 'version 1 has no place for a handle'],
    ['flags_unknown', INVALID, { flags: 0x1000001 }, 'a flag beside the right one'],
    ['kdf_unknown', INVALID, { kdf: 'HASH' }, 'another derivation'],
    ['algorithm_unknown', INVALID, { algorithm: 'RC4' }, 'no such algorithm'],
    ['algorithm_not_offered', UNSUPPORTED, { algorithm: '3DES', keyLength: 192 }, 'known, and not offered by the card'],
    ['key_length_not_legal', INVALID, { keyLength: 160 }, 'AES has no such keys'],
    ['derivation_input_wrong', INVALID, { parameters: bytes('session', 31) }, 'a byte is missing'],
    ['derivation_input_wrong', INVALID, { parameters: proven.agreement }, 'an establishment of another algorithm than asked for', 'algorithm'],
    ['agreement_unknown', INVALID, { agreement: 2 }, 'never given out'],
  ]),
  ...seen('card', 'CardDeriveKey', 'SKI-5', [
    ['key_bytes_wanted', UNSUPPORTED, { flags: 0 }, 'the key’s bytes leave no card'],
    ['key_bytes_wanted', UNSUPPORTED, { flags: 0x20000000 }, 'nor does their length', 'size_only'],
  ]),
  ...seen('card', 'CardDestroyDHAgreement', 'SKI-130', [
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['agreement_unknown', INVALID, { agreement: 0 }, 'never given out'],
  ]),
]

const containers = (): readonly Case[] => [
  ...(
    [
      ['CardCreateContainer', 'SKI-124'],
      ['CardCreateContainerEx', 'SKI-125'],
    ] as const
  ).flatMap(([name, requirement]) =>
    seen('card', name, requirement, [
      ['container_unknown', INVALID, { containerIndex: 16 }, 'the card has 16, from 0 on'],
      ['plain_text_import', UNSUPPORTED, { flags: 2 }, 'no key comes in like this'],
      ['flags_unknown', INVALID, { flags: 0 }, 'made or imported: it has to be said'],
      ['key_spec_unknown', INVALID, { keySpec: 9 }, 'no such key spec', 'number'],
      ['key_spec_unknown', INVALID, { keySpec: 2 }, 'a card makes no key for signatures here', 'signature'],
      ['ecc_size_not_zero', INVALID, { keySpec: 6, keySize: 256 }, 'the key spec says the curve'],
      ['key_size_wrong', INVALID, { keySpec: 1, keySize: 1024 }, '2048, 3072 or 4096'],
    ]),
  ),
  ...seen('card', 'CardCreateContainerEx', 'SKI-125', [['pin_unknown', INVALID, { pinId: 8 }, 'PIN ids are 0 to 7']]),
  ...seen('card', 'CardDeleteContainer', 'SKI-184', [
    ['container_unknown', INVALID, { containerIndex: 16 }, 'the card has 16, from 0 on'],
    ['flags_not_zero', INVALID, { reserved: 1 }, 'the reserved parameter'],
  ]),
  ...seen('card', 'CardGetContainerInfo', 'SKI-126', [
    ['pointer_null', INVALID, { info: false }, 'no structure to fill in'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['container_unknown', INVALID, { containerIndex: 16 }, 'the card has 16, from 0 on'],
  ]),
  ...seen('card', 'CardGetContainerProperty', 'SKI-142', [
    ['pointer_null', INVALID, { property: null }, 'no name'],
    ['property_unknown', INVALID, { property: 'Container Info' }, 'not one of this product’s'],
    ['flags_unknown', INVALID, { flags: 3 }, '0, 1 or 2'],
    ['container_unknown', INVALID, { containerIndex: 16 }, 'the card has 16, from 0 on'],
  ]),
  ...seen('card', 'CardQueryKeySizes', 'SKI-127', [
    ['pointer_null', INVALID, { sizes: false }, 'no structure to fill in'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['key_spec_unknown', INVALID, { keySpec: 0 }, 'no such key spec'],
  ]),
  ...seen('card', 'CardReadFile', 'SKI-182', [
    ['pointer_null', INVALID, { file: null }, 'no file', 'file'],
    ['pointer_null', INVALID, { directory: null }, 'no directory', 'directory'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['file_not_found', 'SCARD_E_FILE_NOT_FOUND', { file: 'kxc16' }, 'the certificate of no container', 'container'],
    ['file_not_found', 'SCARD_E_FILE_NOT_FOUND', { directory: 'root' }, 'another directory', 'directory'],
  ]),
  ...seen('card', 'CardWriteFile', 'SKI-183', [
    ['pointer_null', INVALID, { data: null }, 'no data'],
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['file_not_found', 'SCARD_E_FILE_NOT_FOUND', { file: 'kxc0f' }, 'decimal digits', 'hexadecimal'],
  ]),
  ...seen('card', 'CardAuthenticateEx', 'SKI-131', [
    ['session_pin_not_offered', UNSUPPORTED, { flags: 0x10000000 }, 'asks for a session PIN'],
    ['session_pin_not_offered', UNSUPPORTED, { flags: 0x20000040 }, 'brings one', 'given'],
    ['flags_unknown', INVALID, { flags: 1 }, 'no such flag'],
    ['pin_unknown', INVALID, { pinId: 0 }, 'everyone has no PIN', 'everyone'],
    ['pin_unknown', INVALID, { pinId: 8 }, 'PIN ids end at 7'],
  ]),
  ...seen('card', 'CardDeauthenticateEx', 'SKI-132', [
    ['flags_not_zero', INVALID, { flags: 1 }, 'no flags'],
    ['pin_unknown', INVALID, { pins: 0 }, 'no PIN named', 'none'],
    ['pin_unknown', INVALID, { pins: 256 }, 'PIN ids end at 7'],
    ['pin_unknown', INVALID, { pins: 3 }, 'everyone has no PIN', 'everyone'],
  ]),
]

/** All of them. */
export const found = (): readonly Case[] => [acquire, properties, keys, sealed, establishing, containers].flatMap((make) => make())
