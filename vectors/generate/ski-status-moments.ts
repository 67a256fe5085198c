/**
 * Vectors of status codes: any call at a bad moment (no context, another call under way, the card gone, nobody answering), and
 * functions that are not offered.
 * @module
 */
import { HANDLE, homeOf, LOST, modesOf, OK, told, UNEXPECTED, UNSUPPORTED, type Case, type Mode, type StatusName } from './ski-status-cases.js'
import {
  ARGUMENT,
  call,
  card,
  COMMANDS,
  declined,
  enclave,
  FUNCTIONS,
  NO_CARD,
  ORDERS,
  refused,
  SELECT,
  withCard,
  withoutCard,
  type FunctionName,
  type Word,
} from './ski-status-words.js'

/** Where the judged call stands in the middle of things, and what was said for it. */
const under = (
  mode: Mode,
  name: FunctionName,
): { readonly before?: readonly Word[]; readonly change?: Readonly<Record<string, unknown>>; readonly asks: readonly Word[] } => {
  if (name === 'CardAcquireContext') return { before: [], asks: [SELECT] }
  if (name === 'CardDeleteContext')
    return { before: mode === 'card' ? withCard.key() : withoutCard.key(), asks: [(mode === 'card' ? COMMANDS : ORDERS).CardDestroyKey!] }
  return {
    asks: [(mode === 'card' ? COMMANDS : ORDERS)[name]!],
    ...(mode === 'no-card' && name === 'CardProcessEncryptedData' ? { change: { function: 'Authenticate' } } : {}),
  }
}

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
  {
    ...mishap('no-card', 'MDEncryptData', 'enclave_failed', enclave.keyReady, 'SCARD_F_INTERNAL_ERROR', 'SKI-246', 'no answer to what was asked'),
    id: 'other_answer',
  },
  { ...mishap('no-card', 'CardDeleteContext', 'enclave_failed', enclave.keyReady, 'SCARD_F_INTERNAL_ERROR', 'SKI-246', 'no answer to what was asked') },
  ...(['card_absent', 'card_removed', 'card_reset'] as const).map((fault): Case => ({
    ...mishap(
      'card',
      'CardDeleteContext',
      fault,
      { card_absent: card.gone, card_removed: REMOVED, card_reset: RESET }[fault],
      OK,
      'SKI-121',
      'what is gone is destroyed',
    ),
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
      return {
        mode,
        function: name,
        fault: 'call_in_progress',
        status: UNEXPECTED,
        requirement: 'SKI-241',
        comment: 'another call has not been answered yet',
        before,
      }
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
  ...NO_CARD.map((name) =>
    notOffered(name, 'no-card', 'SKI-145', 'the product takes part in no way', { before: withoutCard.acquired(), product: { support: 0 } }),
  ),
  notOffered('CardImportSessionKey', 'card', 'SKI-145', 'a card that shares keys and does nothing else', {
    id: 'way',
    before: withCard.acquired({}, { mask: 8 }),
  }),
  notOffered('CardCreateContainerEx', 'card', 'SKI-146', 'the function came with version 7', { before: withCard.acquired({ version: 6 }) }),
  notOffered('CardImportSessionKey', 'card', 'SKI-145', 'a context of version 6 has no secure key injection', {
    id: 'version',
    before: withCard.acquired({ version: 6 }),
  }),
  told('card', 'CardImportSessionKey', 'SKI-145', 'function_not_offered', refused(0x6a81), UNSUPPORTED, 'the card claims it, and then it does not', {
    id: 'late',
  }),
  told('card', 'CardProcessEncryptedData', 'SKI-145', 'function_not_offered', refused(0x6d00), UNSUPPORTED, 'as late as step 27', { id: 'late' }),
]

/** All of them. */
export const atBadMoments = (): readonly Case[] => [mishaps, moments, offers].flatMap((make) => make())
