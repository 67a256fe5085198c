/**
 * Vectors of status codes: what becomes of a call that the minidriver has nothing against, and of any call at a bad moment.
 * @module
 */
import { HANDLE, INVALID, OK, REVISION, TOO_SMALL, UNEXPECTED, VIOLATION, told, type Case, type StatusName } from './ski-status-cases.js'
import { COMMANDS, K1_SPKI, ORDERS, bytes, card, declined, proven, refused, SELECT, type FunctionName } from './ski-status-words.js'

type Told = readonly [fault: string, sw: number, status: StatusName, comment: string, requirement?: string | undefined, id?: string]

const byCard = (name: FunctionName, requirement: string, lines: readonly Told[], more: Partial<Case> = {}): readonly Case[] =>
  lines.map(([fault, sw, status, comment, own, id]) =>
    told('card', name, own ?? requirement, fault, refused(sw), status, comment, { ...more, ...(id === undefined ? {} : { id }) }),
  )

const ofCard = (): readonly Case[] => [
  ...(['CardCreateContainer', 'CardCreateContainerEx'] as const).flatMap((name) =>
    byCard(name, name === 'CardCreateContainer' ? 'SKI-124' : 'SKI-125', [
      ['container_occupied', 0x6a84, 'SCARD_E_WRITE_TOO_MANY', 'a user’s key is not overwritten', 'SKI-213'],
      ['card_not_authenticated', 0x6982, VIOLATION, 'the key that is there is guarded'],
    ]),
  ),
  ...byCard('CardGetContainerInfo', 'SKI-126', [['container_empty', 0x6a82, 'SCARD_E_NO_KEY_CONTAINER', 'there is no key']]),
  ...byCard('CardGetContainerProperty', 'SKI-142', [
    ['container_empty', 0x6a82, 'SCARD_E_NO_KEY_CONTAINER', 'there is no key'],
    ['purpose_not_allowed', 0x6985, UNEXPECTED, 'nothing is stated about a user’s key', 'SKI-48'],
  ]),
  told(
    'card',
    'CardGetContainerProperty',
    'SKI-142',
    'buffer_too_small',
    { type: 'card.publicKey', channel: 0, purpose: 'session', spki: K1_SPKI, evidence: bytes('evidence', 331) },
    TOO_SMALL,
    'how long evidence is, only the card knows',
    { change: { size: 330 }, returned: { length: 331 } },
  ),
  ...byCard('CardDeleteContainer', 'SKI-184', [
    ['container_empty', 0x6a82, 'SCARD_E_NO_KEY_CONTAINER', 'there is no key'],
    ['purpose_not_allowed', 0x6985, UNEXPECTED, 'a user’s key is not removed like this', 'SKI-213'],
    ['card_not_authenticated', 0x6982, VIOLATION, 'the key is guarded'],
  ]),
  ...byCard('CardReadFile', 'SKI-182', [['file_not_found', 0x6a82, 'SCARD_E_FILE_NOT_FOUND', 'a file that was never written', undefined, 'never_written']]),
  ...byCard('CardImportSessionKey', 'SKI-141', [
    ['container_empty', 0x6a82, 'SCARD_E_NO_KEY_CONTAINER', 'there is no key'],
    ['container_ecc', 0x6a80, INVALID, 'RSA is needed to unwrap'],
    ['purpose_not_allowed', 0x6985, UNEXPECTED, 'a user’s key imports no session keys', 'SKI-211'],
    ['wrapped_length_wrong', 0x6a80, INVALID, 'not as long as the modulus'],
    ['key_pin_not_presented', 0x6982, VIOLATION, 'K1 is guarded'],
    ['proof_refused', 0x6982, VIOLATION, 'a card that wants a proof', 'SKI-53'],
    ['unwrap_failed_oaep', 0x6f00, UNEXPECTED, 'whatever was wrong inside', 'SKI-29'],
  ]),
  told('card', 'CardImportSessionKey', 'SKI-215', 'unwrap_failed_pkcs1', card.sessionKey, OK, 'the card goes on with a random key, and nothing shows', {
    change: { flags: 2, paddingInfo: null },
    asks: [{ ...COMMANDS.CardImportSessionKey!, padding: 'pkcs1' }],
    returned: { handle: 2 },
  }),
  ...byCard('CardConstructDHAgreement', 'SKI-128', [
    ['peer_key_invalid', 0x6a80, INVALID, 'a point of another curve than the container’s', undefined, 'by_card'],
    ['container_empty', 0x6a82, 'SCARD_E_NO_KEY_CONTAINER', 'there is no key'],
    ['container_rsa', 0x6a80, INVALID, 'EC is needed to agree'],
    ['purpose_not_allowed', 0x6985, UNEXPECTED, 'a user’s key makes no agreements', 'SKI-211'],
    ['key_pin_not_presented', 0x6982, VIOLATION, 'the key is guarded'],
  ]),
  ...byCard('CardDeriveKey', 'SKI-129', [
    ['agreement_unknown', 0x6a88, INVALID, 'the card has lost it', undefined, 'by_card'],
    ['proof_refused', 0x6982, VIOLATION, 'a card that wants a proof', 'SKI-53'],
  ]),
  ...byCard('CardDestroyDHAgreement', 'SKI-130', [
    ['agreement_unknown', 0x6a88, INVALID, 'the card has lost it', undefined, 'by_card'],
    ['card_not_authenticated', 0x6982, VIOLATION, 'a card that wants a PIN for it'],
  ]),
  ...byCard('CardGetSharedKeyHandle', 'SKI-53', [['proof_refused', 0x6982, VIOLATION, 'a proof by somebody else']], {
    change: { input: proven.derived },
    asks: [{ type: 'apdu.shareKey', channel: 0, way: 'derived', algorithm: 'AES-128', proven: true, input: proven.derived }],
  }),
  ...byCard('CardDestroyKey', 'SKI-17', [
    ['material_not_deleted', 0x6f00, HANDLE, 'success would say that the key is gone'],
    ['handle_destroyed', 0x6a88, HANDLE, 'the card does not know it any more', 'SKI-16', 'by_card'],
  ]),
  ...byCard('CardAuthenticateEx', 'SKI-131', [
    ['pin_unknown', 0x6a86, INVALID, 'the card has no such PIN', undefined, 'by_card'],
    ['pin_blocked', 0x6983, 'SCARD_W_CHV_BLOCKED', 'no tries left', 'SKI-285'],
    ['pin_declined', 0x6401, UNEXPECTED, 'nothing was entered at the PIN pad', 'SKI-283'],
  ]),
  ...byCard('CardAuthenticateEx', 'SKI-131', [['pin_wrong', 0x63c2, 'SCARD_W_WRONG_CHV', 'two tries left']], { returned: { length: 2 } }),
  ...byCard('CardProcessEncryptedData', 'SKI-140', [
    ['used_twice', 0x6f00, UNEXPECTED, 'the session key was consumed by an import', 'SKI-69'],
    ['iv_used', 0x6985, UNEXPECTED, 'the key opened under this IV before', 'SKI-221'],
    ['no_free_container', 0x6a84, 'SCARD_E_WRITE_TOO_MANY', 'the container is occupied'],
    ['card_not_authenticated', 0x6982, VIOLATION, 'the write is guarded'],
    ['mac_wrong', 0x6f00, UNEXPECTED, 'bound format: the MAC', 'SKI-72'],
    ['binding_wrong', 0x6f00, UNEXPECTED, 'another session, card or container', 'SKI-73'],
    ['padding_wrong', 0x6f00, UNEXPECTED, 'behind the MAC, or without one', 'SKI-29'],
    ['structure_wrong', 0x6f00, UNEXPECTED, 'a structure that is none', 'SKI-29'],
    ['key_inconsistent', 0x6f00, UNEXPECTED, 'p·q is not n', 'SKI-29'],
  ]),
  ...(
    [
      ['pin_wrong', 0x63c1, 'SCARD_W_WRONG_CHV', 'behind a good MAC', { length: 1 }],
      ['pin_blocked', 0x6983, 'SCARD_W_CHV_BLOCKED', 'behind a good MAC', {}],
      ['pin_wrong_published', 0x6f00, UNEXPECTED, 'without a MAC a wrong PIN is like everything else', {}],
    ] as const
  ).flatMap(([fault, sw, status, comment, returned]) =>
    byCard('CardProcessEncryptedData', 'SKI-217', [[fault, sw, status, comment]], {
      change: { function: 'Authenticate' },
      asks: [{ ...COMMANDS.CardProcessEncryptedData!, function: 'Authenticate', container: null }],
      returned,
    }),
  ),
  told(
    'card',
    'CardProcessEncryptedData',
    'SKI-140',
    'buffer_too_small',
    { type: 'card.processed', channel: 0, output: bytes('output', 132) },
    TOO_SMALL,
    'the card has done it, and its answer is longer than the least',
    {
      id: 'afterwards',
      change: { function: 'Authenticate', size: 100 },
      asks: [{ ...COMMANDS.CardProcessEncryptedData!, function: 'Authenticate', container: null }],
      returned: { length: 132 },
    },
  ),
  told(
    'card',
    'CardAcquireContext',
    'SKI-120',
    'card_unknown',
    { ...card.selected, product: 'Another card' },
    'SCARD_E_UNKNOWN_CARD',
    'the card says what it is',
    {
      id: 'by_card',
      before: [],
      asks: [SELECT],
    },
  ),
  told('card', 'CardAcquireContext', 'SKI-120', 'card_unknown', { ...card.selected, version: 8 }, 'SCARD_E_UNKNOWN_CARD', 'formats of another version', {
    id: 'version',
    before: [],
    asks: [SELECT],
  }),
  told('card', 'CardAcquireContext', 'SKI-120', 'card_unknown', refused(0x6a82), 'SCARD_E_UNKNOWN_CARD', 'no such application on the card', {
    id: 'application',
    before: [],
    asks: [SELECT],
  }),
]

const byEnclave = (name: FunctionName, requirement: string, fault: string, code: string, status: StatusName, comment: string, more: Partial<Case> = {}): Case =>
  told('no-card', name, requirement, fault, declined(code, requirement), status, comment, more)

const ofEnclave = (): readonly Case[] => [
  ...(['MDImportSessionKey', 'MDEncryptData'] as const).flatMap((name) => [
    byEnclave(name, 'SKI-220', 'argument_unknown', 'handle_unknown', HANDLE, 'a reference to nothing'),
    byEnclave(name, 'SKI-220', 'argument_used', 'purpose_not_allowed', UNEXPECTED, 'an argument serves once'),
  ]),
  ...['key_blob_magic_wrong', 'key_blob_version_wrong', 'key_blob_length_wrong', 'key_length_not_legal'].map((fault) =>
    byEnclave('MDImportSessionKey', 'SKI-133', fault, 'format_invalid', INVALID, 'seen where the blob lies'),
  ),
  byEnclave('MDEncryptData', 'SKI-221', 'iv_used', 'iv_used', INVALID, 'the key sealed under this IV before'),
  byEnclave('MDEncryptData', 'SKI-101', 'structure_version_low', 'version_too_low', REVISION, 'lower than 7, 0 included'),
  byEnclave('MDEncryptData', 'SKI-101', 'structure_version_high', 'format_invalid', INVALID, 'higher than 7'),
  byEnclave('MDEncryptData', 'SKI-102', 'structure_length_wrong', 'format_invalid', INVALID, 'lengths that do not add up'),
  byEnclave('MDEncryptData', 'SKI-80', 'structure_malformed', 'format_invalid', INVALID, 'reserved bytes'),
  byEnclave('MDEncryptData', 'SKI-134', 'padding_needed', 'format_invalid', INVALID, 'not whole blocks', {
    change: { flags: 0 },
    asks: [{ ...ORDERS.MDEncryptData!, flags: 0 }],
  }),
  byEnclave('MDEncryptData', 'SKI-139', 'iv_missing', 'property_missing', INVALID, 'the enclave has no IV', { id: 'by_enclave', requirement: 'SKI-12' }),
  ...(
    [
      ['mac_wrong', 'SKI-72'],
      ['binding_wrong', 'SKI-73'],
      ['padding_wrong', 'SKI-29'],
      ['structure_wrong', 'SKI-29'],
    ] as const
  ).map(([fault, requirement]) =>
    byEnclave('CardProcessEncryptedData', requirement, fault, 'sealed_refused', UNEXPECTED, 'a response that is none, or of another session', {
      change: { function: 'Authenticate' },
    }),
  ),
]

/** All of them. */
export const toldOf = (): readonly Case[] => [ofCard, ofEnclave].flatMap((make) => make())
