/**
 * Vectors of status codes: what becomes of a call that the minidriver has nothing against, and of any call at a bad moment.
 * @module
 */
import {
  HANDLE,
  INVALID,
  LOST,
  OK,
  REVISION,
  TOO_SMALL,
  UNEXPECTED,
  UNSUPPORTED,
  VIOLATION,
  homeOf,
  modesOf,
  told,
  type Case,
  type Mode,
  type StatusName,
} from './ski-status-cases.js'
import {
  ARGUMENT,
  COMMANDS,
  FUNCTIONS,
  K1_SPKI,
  NO_CARD,
  NO_CARD_MODE,
  ORDERS,
  bytes,
  call,
  card,
  declined,
  enclave,
  proven,
  refused,
  withCard,
  withoutCard,
  type FunctionName,
  type Word,
} from './ski-status-words.js'

type Told = readonly [fault: string, sw: number, status: StatusName, comment: string, requirement?: string, id?: string]

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
  told('card', 'CardAcquireContext', 'SKI-120', 'card_unknown', { ...card.selected, product: 'Another card' }, 'SCARD_E_UNKNOWN_CARD', 'the card says what it is', {
    id: 'by_card',
    before: [],
    asks: [SELECT],
  }),
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

/** Where the judged call stands in the middle of things, and what was said for it. */
const under = (mode: Mode, name: FunctionName): { readonly before?: readonly Word[]; readonly change?: Readonly<Record<string, unknown>>; readonly asks: readonly Word[] } => {
  if (name === 'CardAcquireContext') return { before: [], asks: [SELECT] }
  if (name === 'CardDeleteContext')
    return { before: mode === 'card' ? withCard.key() : withoutCard.key(), asks: [(mode === 'card' ? COMMANDS : ORDERS).CardDestroyKey!] }
  return { asks: [(mode === 'card' ? COMMANDS : ORDERS)[name]!], ...(mode === 'no-card' && name === 'CardProcessEncryptedData' ? { change: { function: 'Authenticate' } } : {}) }
}

const SELECT: Word = { type: 'apdu.select', channel: 0 }
const TIMEOUT: Word = { type: 'app.timeout' }
const CANCEL: Word = { type: 'app.cancel' }
const REMOVED: Word = { type: 'reader.removed' }
const RESET: Word = { type: 'reader.reset' }
/** No command is answered with this one. */
const UNREADABLE: Word = { type: 'card.capabilities', channel: 0, mask: 0, algorithms: [], paddings: 0, modes: [] }

const mishap = (mode: Mode, name: FunctionName, fault: string, event: Word, status: StatusName, requirement: string, comment: string): Case => ({
  mode,
  function: name,
  fault,
  status,
  requirement,
  comment,
  after: [event],
  ...under(mode, name),
})

const WORKS_WITH_CARD: readonly FunctionName[] = ['CardAcquireContext', ...FUNCTIONS.filter((name) => COMMANDS[name])]
const WORKS_WITH_ENCLAVE: readonly FunctionName[] = FUNCTIONS.filter((name) => ORDERS[name])

const mishaps = (): readonly Case[] => [
  ...WORKS_WITH_CARD.flatMap((name) => [
    mishap('card', name, 'card_absent', card.gone, 'SCARD_E_NO_SMARTCARD', 'SKI-247', 'the reader answers in the card’s place'),
    mishap('card', name, 'card_removed', REMOVED, 'SCARD_W_REMOVED_CARD', 'SKI-247', 'while the call is under way'),
    mishap('card', name, 'card_reset', RESET, 'SCARD_W_RESET_CARD', 'SKI-247', 'while the call is under way'),
  ]),
  ...(['CardAcquireContext', 'CardDeleteContext', 'CardReadFile', 'CardImportSessionKey', 'CardProcessEncryptedData'] as const).flatMap((name) => [
    mishap('card', name, 'transport_failed', name === 'CardAcquireContext' ? card.done : UNREADABLE, LOST, 'SKI-204', 'no answer to what was asked'),
    mishap('card', name, 'timed_out', TIMEOUT, LOST, 'SKI-242', 'the card is silent'),
    mishap('card', name, 'cancelled', CANCEL, 'SCARD_E_CANCELLED', 'SKI-243', 'the caller has had enough'),
  ]),
  ...WORKS_WITH_ENCLAVE.filter((name) => name !== 'MDImportSessionKey').flatMap((name) => [
    mishap('no-card', name, 'timed_out', TIMEOUT, LOST, 'SKI-242', 'the enclave is silent'),
    mishap('no-card', name, 'cancelled', CANCEL, 'SCARD_E_CANCELLED', 'SKI-243', 'the caller has had enough'),
  ]),
  ...WORKS_WITH_ENCLAVE.map((name) =>
    mishap('no-card', name, 'enclave_failed', declined('enclave_failed', 'SKI-246'), 'SCARD_F_INTERNAL_ERROR', 'SKI-246', 'the enclave has failed'),
  ),
  { ...mishap('no-card', 'MDEncryptData', 'enclave_failed', enclave.keyReady, 'SCARD_F_INTERNAL_ERROR', 'SKI-246', 'no answer to what was asked'), id: 'other_answer' },
  { ...mishap('no-card', 'CardDeleteContext', 'enclave_failed', enclave.keyReady, 'SCARD_F_INTERNAL_ERROR', 'SKI-246', 'no answer to what was asked') },
  ...(['card_absent', 'card_removed', 'card_reset'] as const).map((fault): Case => ({
    ...mishap('card', 'CardDeleteContext', fault, { card_absent: card.gone, card_removed: REMOVED, card_reset: RESET }[fault], OK, 'SKI-121', 'what is gone is destroyed'),
  })),
]

const moments = (): readonly Case[] => [
  ...FUNCTIONS.filter((name) => name !== 'CardAcquireContext').flatMap((name) =>
    modesOf(name).map((mode): Case => {
      const acquired = mode === 'card' ? withCard.acquired() : withoutCard.acquired()
      const before = [...acquired, call('CardDeleteContext')]
      return { mode, function: name, fault: 'context_deleted', status: HANDLE, requirement: 'SKI-18', comment: 'the context was deleted', before }
    }),
  ),
  {
    mode: 'card',
    function: 'CardGetProperty',
    fault: 'context_deleted',
    id: 'never_acquired',
    status: HANDLE,
    requirement: 'SKI-18',
    comment: 'there never was one',
    before: [],
  },
  ...(['card', 'no-card'] as const).map((mode): Case => ({
    mode,
    function: 'CardRSADecrypt',
    fault: 'function_unknown',
    status: UNSUPPORTED,
    requirement: 'SKI-145',
    comment: 'another entry point of CARD_DATA',
  })),
  ...FUNCTIONS.filter((name) => name !== 'CardAcquireContext' && name !== 'CardDeleteContext' && !NO_CARD.includes(name)).map((name): Case => ({
    mode: 'no-card',
    function: name,
    fault: 'mode_not_allowed',
    status: UNSUPPORTED,
    requirement: 'SKI-143',
    comment: 'not one of the eight',
  })),
  ...(['MDImportSessionKey', 'MDEncryptData'] as const).map((name): Case => ({
    mode: 'card',
    function: name,
    fault: 'mode_not_allowed',
    status: UNSUPPORTED,
    requirement: 'SKI-144',
    comment: 'plaintext has no place at a client',
    change: { input: ARGUMENT },
  })),
  ...FUNCTIONS.filter((name) => name !== 'CardAcquireContext').flatMap((name) =>
    modesOf(name).map((mode): Case => {
      const before = mode === 'card' ? [...withCard.ready(), call('CardReadFile')] : [...withoutCard.ready(), call('MDImportSessionKey')]
      return { mode, function: name, fault: 'call_in_progress', status: UNEXPECTED, requirement: 'SKI-241', comment: 'another call has not been answered yet', before }
    }),
  ),
  ...FUNCTIONS.filter((name) => homeOf(name) === 'card' && !['CardAcquireContext', 'CardDeleteContext'].includes(name)).flatMap((name) =>
    (
      [
        ['card_removed', REMOVED, 'SCARD_W_REMOVED_CARD'],
        ['card_reset', RESET, 'SCARD_W_RESET_CARD'],
      ] as const
    ).map(([fault, event, status]): Case => ({
      mode: 'card',
      function: name,
      fault,
      id: 'before',
      status,
      requirement: 'SKI-247',
      comment: 'it happened before the call',
      before: [...withCard.ready(), event],
    })),
  ),
  ...(['card_removed', 'card_reset'] as const).map((fault): Case => ({
    mode: 'card',
    function: 'CardDeleteContext',
    fault,
    id: 'before',
    status: OK,
    requirement: 'SKI-121',
    comment: 'a context can always be left',
    before: [...withCard.ready(), fault === 'card_removed' ? REMOVED : RESET],
  })),
]

const OFFERED_BY_WAY: readonly FunctionName[] = [
  'CardImportSessionKey',
  'CardConstructDHAgreement',
  'CardDeriveKey',
  'CardDestroyDHAgreement',
  'CardGetSharedKeyHandle',
  'CardGetAlgorithmProperty',
  'CardDestroyKey',
  'CardGetKeyProperty',
  'CardSetKeyProperty',
  'CardProcessEncryptedData',
]

const notOffered = (name: FunctionName, mode: Mode, requirement: string, comment: string, more: Partial<Case>): Case => ({
  mode,
  function: name,
  fault: 'function_not_offered',
  status: UNSUPPORTED,
  requirement,
  comment,
  ...more,
})

const offers = (): readonly Case[] => [
  ...OFFERED_BY_WAY.map((name) =>
    notOffered(name, 'card', 'SKI-145', 'the card takes part in no way, as public minidrivers say of theirs', { before: withCard.acquired({}, { mask: 0 }) }),
  ),
  ...NO_CARD.map((name) => notOffered(name, 'no-card', 'SKI-145', 'the product takes part in no way', { before: withoutCard.acquired(), product: { support: 0 } })),
  notOffered('CardImportSessionKey', 'card', 'SKI-145', 'a card that shares keys and does nothing else', { id: 'way', before: withCard.acquired({}, { mask: 8 }) }),
  notOffered('CardCreateContainerEx', 'card', 'SKI-146', 'the function came with version 7', { before: withCard.acquired({ version: 6 }) }),
  notOffered('CardImportSessionKey', 'card', 'SKI-145', 'a context of version 6 has no secure key injection', { id: 'version', before: withCard.acquired({ version: 6 }) }),
  told('card', 'CardImportSessionKey', 'SKI-145', 'function_not_offered', refused(0x6a81), UNSUPPORTED, 'the card claims it, and then it does not', { id: 'late' }),
  told('card', 'CardProcessEncryptedData', 'SKI-145', 'function_not_offered', refused(0x6d00), UNSUPPORTED, 'as late as step 27', { id: 'late' }),
]

/** All of them. */
export const toldOf = (): readonly Case[] => [ofCard, ofEnclave, mishaps, moments, offers].flatMap((make) => make())
export { NO_CARD_MODE }
