/**
 * The rules of a server's enclave, each by name, each with the requirement that it enforces. They look at public records
 * only: no bytes, no crypto, no time. Every server enclave of ours applies this very table, whether it works on bytes or on
 * terms, so a rule that is switched off for a test is off in all of them.
 *
 * Three sorts: a refusal says why a command is not done; a reading says what evidence or a receipt must say to count; an
 * effect says what is used up or destroyed. The first are here, the others in `server-effects.ts`. Which of them apply to
 * which command, and when, is in `server-permit.ts`.
 * @module
 */
import { READINGS } from '../readings.js'
import type { SkiFault } from './commands.js'
import { KEY_SPECS_OF, PIN_FLAGS, SEAL_FLAGS, isIv, symmetricNames } from './server-terms.js'
import { SERVER_EFFECTS, SERVER_READINGS } from './server-effects.js'
import { epochOf, findObject, type CardRecord, type ServerSituation } from './server-state.js'

/** Says why a command is not done, or `null`. Judged before the work and again when its result comes in. */
export interface ServerRefusal {
  readonly requirement: string
  /** The fault, or `null` where the command may go on. */
  readonly refuses: (situation: ServerSituation) => SkiFault | null
}

const notAllowed = (at: string, wanted?: string): SkiFault => ({ code: 'purpose_not_allowed', at, ...(wanted === undefined ? {} : { wanted }) })
const invalid = (at: string, wanted?: string): SkiFault => ({ code: 'format_invalid', at, ...(wanted === undefined ? {} : { wanted }) })
const isShared = ({ way }: CardRecord): boolean => way === 'shared' || way === 'derived'
const unless = (allowed: boolean, fault: SkiFault): SkiFault | null => (allowed ? null : fault)

/** Says of another conversation's handle what it says of none. */
export const unknownHandle = (at: string): SkiFault => ({ code: 'handle_unknown', at, requirement: 'SKI-218' })

// Of every command.

// Whoever closed a conversation has been told that nothing of it is left. A result that comes later must not make it untrue.
const conversationOpen: ServerRefusal = {
  requirement: 'SKI-18',
  refuses: ({ state, done }) => unless(done === null || epochOf(state, done.permit.conversation) === done.permit.epoch, { code: 'conversation_closed' }),
}
const ownConversation: ServerRefusal = {
  requirement: 'SKI-15',
  refuses: ({ objects, conversation }) => {
    const foreign = objects.find(({ object }) => object.owner !== conversation)
    return foreign ? unknownHandle(foreign.at) : null
  },
}
const typed: ServerRefusal = { requirement: 'SKI-210', refuses: ({ misnamed }) => misnamed && { code: 'purpose_not_allowed', ...misnamed } }
const handleFresh: ServerRefusal = {
  requirement: 'SKI-218',
  refuses: ({ state, done }) => unless(!done || !('handle' in done.facts) || findObject(state, done.facts.handle) === null, { code: 'enclave_failed' }),
}

// Sessions and cards, steps 2 to 21.

const sessionOnce: ServerRefusal = { requirement: 'SKI-33', refuses: ({ session }) => unless(session === null, notAllowed('session', 'a new conversation')) }
const sessionBegun: ServerRefusal = { requirement: 'SKI-152', refuses: ({ session }) => unless(session !== null, { code: 'property_missing', at: 'session' }) }

const k1OfWay: ServerRefusal = {
  requirement: 'SKI-40',
  refuses: ({ command, done }) => {
    if (command.type !== 'judgeCard') return null
    const needed = command.way === 'session' || command.way === 'agreement'
    if (needed !== (command.spki !== null) || (!needed && command.evidence !== null)) return invalid(needed ? 'spki' : 'evidence')
    const kind = done?.facts.type === 'judgeCard' ? done.facts.kind : null
    return unless(kind === null || kind.startsWith('rsa') === (command.way === 'session'), notAllowed('spki', command.way === 'session' ? 'RSA' : 'EC'))
  },
}
const cardOfWay: ServerRefusal = {
  requirement: 'SKI-48',
  refuses: ({ command, card }) => {
    if (!('card' in command) || command.type === 'confirmSession') return null
    const way = command.type === 'offerSharedKey' ? command.way : command.type === 'wrapSessionKey' ? 'session' : 'agreement'
    return unless(card?.way === way, notAllowed('card', way))
  },
}
const provenContainer: ServerRefusal = {
  requirement: 'SKI-44',
  refuses: ({ command, card }) =>
    'container' in command && card ? unless(card.container === null || card.container === command.container, { code: 'proof_refused', at: 'container' }) : null,
}
const oneKeyPerSession: ServerRefusal = {
  requirement: 'SKI-7',
  refuses: ({ session }) => unless(session === null || session.card === null, notAllowed('session', 'a new session')),
}
// What the card is told names its nonce wherever it brings a proof, and wherever the keys are made of it.
const nonceKnown: ServerRefusal = {
  requirement: 'SKI-68',
  refuses: ({ command, card, state }) => {
    const named = 'proof' in command && (command.proof !== 'none' || state.settings.sealedData === 'bound')
    return unless(!named || (card !== null && card.nonce !== null), { code: 'property_missing', at: 'nonce' })
  },
}
const canProve: ServerRefusal = {
  requirement: 'SKI-50',
  refuses: ({ command, state }) =>
    unless(!('proof' in command) || state.settings.proofs.includes(command.proof), notAllowed('proof', state.settings.proofs.join(', '))),
}
const algorithmOffered: ServerRefusal = {
  requirement: 'SKI-64',
  refuses: ({ command, state }) => {
    if (!('algorithm' in command)) return null
    const { algorithms } = state.settings
    const offered: readonly string[] = command.type === 'mdImportSessionKey' ? symmetricNames(algorithms) : algorithms
    return unless(offered.includes(command.algorithm), { code: 'algorithm_not_supported', at: 'algorithm', wanted: offered.join(', ') })
  },
}
const sharesKeys: ServerRefusal = {
  requirement: 'SKI-135',
  refuses: ({ state }) => unless(state.settings.sharesKeys, { code: 'algorithm_not_supported', at: 'way', wanted: 'an enclave with a master key' }),
}
// The shared key itself, and its subkeys, have 32 bytes whatever is asked for.
const sharedKeyIsAes256: ServerRefusal = {
  requirement: 'SKI-77',
  refuses: ({ command }) =>
    command.type === 'offerSharedKey' && command.way === 'shared'
      ? unless(command.algorithm === 'AES-256', { code: 'algorithm_not_supported', at: 'algorithm', wanted: 'AES-256' })
      : null,
}
const keyWasOffered: ServerRefusal = {
  requirement: 'SKI-11',
  refuses: ({ command, card, session, keyBlob }) => {
    if (command.type !== 'confirmSession') return null
    if (card === null || session?.card !== card.handle || card.offered === null) return notAllowed('card', 'the card that was offered a key')
    return unless((command.blob === null) === isShared(card) && (keyBlob === null || keyBlob.card === card.handle), notAllowed('blob', 'the key of this card'))
  },
}

// The minidriver's keys, steps 22 to 24.

const blobTypeKnown: ServerRefusal = {
  requirement: 'SKI-133',
  refuses: ({ command }) =>
    command.type === 'mdImportSessionKey'
      ? unless(READINGS.sessionKeyBlobTypes.includes(command.blobType), invalid('blobType', READINGS.sessionKeyBlobTypes.join(', ')))
      : null,
}
const algorithmKnown: ServerRefusal = {
  requirement: 'SKI-133',
  refuses: ({ command }) =>
    command.type === 'mdImportSessionKey'
      ? unless(symmetricNames(null).includes(command.algorithm), invalid('algorithm', symmetricNames(null).join(', ')))
      : null,
}
const algorithmOfKey: ServerRefusal = {
  requirement: 'SKI-210',
  refuses: ({ command, keyBlob }) =>
    command.type === 'mdImportSessionKey' && keyBlob !== null && keyBlob.algorithm !== null
      ? unless(symmetricNames([keyBlob.algorithm])[0] === command.algorithm, notAllowed('algorithm', keyBlob.algorithm))
      : null,
}
const sharedKeyOffered: ServerRefusal = {
  requirement: 'SKI-224',
  refuses: ({ card }) => unless(card !== null && card.offered !== null && isShared(card), { code: 'property_missing', at: 'session' }),
}
// The shared key itself needs nothing. A key of one session needs the card's nonce, from step 15 or from the card's own call.
const inputOfSession: ServerRefusal = {
  requirement: 'SKI-135',
  refuses: ({ command, card, state }) => {
    if (command.type !== 'mdSharedKey' || card === null) return null
    const { input } = command
    if (input !== null && card.nonce !== null && input !== card.nonce) return invalid('input', 'the nonce of this session')
    const needed = card.way === 'derived' || state.settings.sealedData === 'bound'
    return unless(!needed || input !== null || card.nonce !== null, invalid('input', 'a nonce of the card'))
  },
}
// An argument is good for one use. It stays there by name, until it is destroyed.
const usedOnce: ServerRefusal = {
  requirement: 'SKI-220',
  refuses: ({ keyBlob, structure }) => unless(!keyBlob?.used && !structure?.used, notAllowed('blob', 'an argument that was not used')),
}
const confirmedFirst: ServerRefusal = {
  requirement: 'SKI-250',
  refuses: ({ card, state }) =>
    unless(card === null || !state.settings.receipts || card.confirmed, { code: 'not_authenticated', at: 'card', wanted: 'a receipt' }),
}
const loadedOnce: ServerRefusal = { requirement: 'SKI-7', refuses: ({ card }) => unless(card === null || !card.loaded, notAllowed('card')) }
const propertyValue: ServerRefusal = {
  requirement: 'SKI-139',
  refuses: ({ command, sessionKey }) =>
    command.type === 'setKeyProperty' && sessionKey && command.iv !== null
      ? unless(isIv(command.iv, sessionKey.algorithm), { code: 'property_invalid', at: 'iv' })
      : null,
}

// What is sealed, steps 24 to 26.

const keySpecOfKey: ServerRefusal = {
  requirement: 'SKI-86',
  refuses: ({ command, keyPair }) =>
    command.type === 'composeKeyPair' && keyPair
      ? unless(KEY_SPECS_OF[keyPair.kind].includes(command.keySpec), invalid('keySpec', KEY_SPECS_OF[keyPair.kind].join(', ')))
      : null,
}
const pinFunction: ServerRefusal = {
  requirement: 'SKI-281',
  refuses: ({ command }) => {
    if (command.type !== 'composePin') return null
    if ((command.function === 'Change Authenticator') !== (command.target !== null)) return invalid('target')
    return unless(PIN_FLAGS[command.function].includes(command.flags), invalid('flags', PIN_FLAGS[command.function].join(', ')))
  },
}
// The receipt speaks of one session, so there has to be one minidriver's key in this conversation.
const oneMdKey: ServerRefusal = {
  requirement: 'SKI-250',
  refuses: ({ sessionKey }) => unless(sessionKey !== null, { code: 'property_missing', at: 'session' }),
}
const propertiesSet: ServerRefusal = {
  requirement: 'SKI-12',
  refuses: ({ sessionKey }) => {
    if (sessionKey === null || (sessionKey.mode !== null && sessionKey.iv !== null)) return null
    return { code: 'property_missing', at: sessionKey.mode === null ? 'mode' : 'iv' }
  },
}
const flagsKnown: ServerRefusal = {
  requirement: 'SKI-134',
  refuses: ({ command }) => ('flags' in command ? unless(SEAL_FLAGS.includes(command.flags), invalid('flags', SEAL_FLAGS.join(', '))) : null),
}
const functionOfStructure: ServerRefusal = {
  requirement: 'SKI-134',
  refuses: ({ command, structure }) =>
    command.type === 'mdEncrypt' && structure?.terms
      ? unless(structure.terms.function === command.function, notAllowed('function', structure.terms.function))
      : null,
}
const boundToSession: ServerRefusal = {
  requirement: 'SKI-65',
  refuses: ({ state, sessionKey }) =>
    unless(state.settings.sealedData === 'published' || (sessionKey !== null && sessionKey.context !== null), { code: 'property_missing', at: 'session' }),
}
const sealsOnce: ServerRefusal = {
  requirement: 'SKI-69',
  refuses: ({ state, sessionKey }) =>
    unless(state.settings.sealedData === 'published' || sessionKey === null || sessionKey.sealed === null, notAllowed('key', 'a new session')),
}
const sealedForProvenCard: ServerRefusal = {
  requirement: 'SKI-224',
  refuses: ({ structure, card, state }) =>
    unless(
      structure === null || structure.terms === null || (card !== null && (!state.settings.receipts || card.confirmed)),
      notAllowed('key', 'the key of the card that was judged'),
    ),
}
const archivedFirst: ServerRefusal = {
  requirement: 'SKI-260',
  refuses: ({ state, structure }) =>
    unless(state.settings.archive !== 'first' || structure === null || structure.key === null || structure.archived, {
      code: 'property_missing',
      at: 'archive',
    }),
}
const ivFresh: ServerRefusal = {
  requirement: 'SKI-221',
  refuses: ({ state, sessionKey, done }) => {
    if (sessionKey === null) return null
    const used = state.objects.some(
      (other) => other.type === 'sessionKey' && other.material === sessionKey.material && sessionKey.iv !== null && other.used.includes(sessionKey.iv),
    )
    const other = done?.facts.type === 'mdEncrypt' && done.facts.iv !== sessionKey.iv
    return unless(!used && !other, { code: 'iv_used', at: 'iv' })
  },
}

// What comes back, steps 29 to 31.

const responseOfFunction: ServerRefusal = {
  requirement: 'SKI-140',
  refuses: ({ command }) => unless(!('function' in command) || command.function !== 'Import Key Pair', { code: 'algorithm_not_supported', at: 'function' }),
}
const responseAsked: ServerRefusal = {
  requirement: 'SKI-74',
  refuses: ({ command, state, sessionKey }) => {
    if (state.settings.sealedData === 'published' || command.type !== 'mdOpenResponse') return null
    return unless(sessionKey?.sealed?.function === command.function && !sessionKey.opened, notAllowed('key', 'a request without a response'))
  },
}

// Documents.

const documentsMade: ServerRefusal = {
  requirement: 'SKI-263',
  refuses: ({ state }) => unless(state.settings.documents, { code: 'algorithm_not_supported', at: 'pki' }),
}
const agentsNamed: ServerRefusal = {
  requirement: 'SKI-265',
  refuses: ({ command }) => (command.type === 'envelopeKey' ? unless(command.agents.length > 0, invalid('agents', 'at least one')) : null),
}

/** Every refusal, by name. */
export const SERVER_REFUSALS = {
  conversationOpen,
  ownConversation,
  typed,
  handleFresh,
  sessionOnce,
  sessionBegun,
  k1OfWay,
  cardOfWay,
  provenContainer,
  oneKeyPerSession,
  nonceKnown,
  canProve,
  algorithmOffered,
  sharesKeys,
  sharedKeyIsAes256,
  keyWasOffered,
  blobTypeKnown,
  algorithmKnown,
  algorithmOfKey,
  sharedKeyOffered,
  inputOfSession,
  usedOnce,
  confirmedFirst,
  loadedOnce,
  propertyValue,
  keySpecOfKey,
  pinFunction,
  oneMdKey,
  propertiesSet,
  flagsKnown,
  functionOfStructure,
  boundToSession,
  sealsOnce,
  sealedForProvenCard,
  archivedFirst,
  ivFresh,
  responseOfFunction,
  responseAsked,
  documentsMade,
  agentsNamed,
} as const satisfies Readonly<Record<string, ServerRefusal>>

/** All rules. */
export const SERVER_RULES = { ...SERVER_REFUSALS, ...SERVER_READINGS, ...SERVER_EFFECTS } as const

/** The name of a rule, as it is switched off in tests. */
export type ServerRuleName = keyof typeof SERVER_RULES
