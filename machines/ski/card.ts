/**
 * The smart card: does one command at a time, and comes back to `waiting`. What it may do is decided by its enclave; the
 * machine says whose turn it is.
 *
 *   waiting ─ apdu.… ─▶ working (one state for each command) ─ done or refused ─▶ waiting
 *      ├──── apdu.verify, no PIN in it ─▶ askingHolder ─ holder.pinEntered ─▶ verifying
 *      └──── reader.removed, with or without a command in hand ─▶ absent ─ reader.inserted ─▶ waiting
 *   reader.reset, the same ─▶ waiting, with everything volatile gone
 *
 * Nothing that comes over the wire is trusted, and nothing is known about who says it: the client owns the reader.
 *
 * Spec: spec/ski.md, SKI-156, SKI-157, SKI-160, SKI-161, SKI-168, SKI-169, SKI-178, SKI-179, SKI-247; spec/ski-apdu.md.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import { BUSY, DECLINED, NO_SUCH_FILE, NOT_SUPPORTED, statusWordOf } from '../../src/ski/card-status.js'
import type { CardAnswer, SessionAlgorithm } from '../../src/ski/enclave/commands.js'
import type { AppSays, CardToMinidriver, HolderToCard, MinidriverToCard, ReaderSays } from '../../src/ski/messages.js'
import type { Way } from '../../src/ski/policy.js'
import { closedPort } from '../ports.js'
import type { Progress } from './common.js'

/** What a card tells about itself, and what it really does. */
export interface CardInput {
  /** 16 bytes, base64url. */
  readonly cardId: string
  /** The minidriver product that this card is made for (SKI-253). */
  readonly product: string
  readonly version: number
  /** `CP_KEY_IMPORT_SUPPORT` as the card claims it: a claim, not a proof (SKI-42). */
  readonly mask: number
  /** The ways that it really takes part in. */
  readonly ways: readonly Way[]
  readonly algorithms: readonly SessionAlgorithm[]
  /** A mask of `CARD_PADDING_*`. */
  readonly paddings: number
}

interface CardContext extends CardInput {
  /** Public files, by name and container: the container map, certificates. */
  readonly files: Readonly<Record<string, string>>
  /** The logical channel of the command in hand. */
  readonly channel: number
  /** The PIN that the holder is asked for; `null` when nobody is asked. */
  readonly pinId: number | null
}

/** See the module text. */
export const cardMachine = setup({
  types: {
    input: {} as CardInput,
    context: {} as CardContext,
    events: {} as MinidriverToCard | ReaderSays | HolderToCard | CardAnswer | AppSays,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort, enclave: closedPort, console: closedPort },
  guards: {
    fileThere: ({ context, event }) => event.type === 'apdu.readFile' && fileName(event) in context.files,
    takesSessionKeys: ({ context }) => context.ways.includes('session'),
    takesAgreements: ({ context }) => context.ways.includes('agreement'),
    sharesKeys: ({ context, event }) => event.type === 'apdu.shareKey' && context.ways.includes(event.way),
    atThePad: ({ event }) => event.type === 'apdu.verify' && event.pin === null,
    isThePinWanted: ({ context, event }) => event.type === 'holder.pinEntered' && event.pinId === context.pinId,
  },
  actions: {
    noteChannel: assign({ channel: ({ context, event }) => ('channel' in event ? event.channel : context.channel) }),
    notePin: assign({ pinId: ({ event }) => (event.type === 'apdu.verify' ? event.pinId : null) }),
    forget: assign({ pinId: null }),
    // A command of the wire is a command to the enclave, member for member, under the enclave's name for it.
    drawNonce: sendTo('enclave', ({ context }) => ({ type: 'drawNonce', channel: context.channel })),
    makeK1: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.generate')
      return { ...event, type: 'makeK1' }
    }),
    readKey: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.readKey')
      return { ...event, type: 'readKey' }
    }),
    importSessionKey: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.importSessionKey')
      return { ...event, type: 'importSessionKey' }
    }),
    shareKey: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.shareKey')
      return { ...event, type: 'shareKey' }
    }),
    agree: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.agree')
      return { ...event, type: 'agree' }
    }),
    deriveKey: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.deriveKey')
      return { ...event, type: 'deriveKey' }
    }),
    setKeyProperty: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.setKeyProperty')
      return { ...event, type: 'setKeyProperty' }
    }),
    processSealed: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.processSealed')
      return { ...event, type: 'processSealed' }
    }),
    destroyKey: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.destroyKey')
      return { ...event, type: 'destroyKey' }
    }),
    deleteContainer: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.deleteContainer')
      return { ...event, type: 'deleteContainer' }
    }),
    deauthenticate: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.deauthenticate')
      return { ...event, type: 'deauthenticate' }
    }),
    verifyTyped: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'apdu.verify')
      return { type: 'verifyPin', channel: event.channel, pinId: event.pinId, pin: { typed: event.pin ?? '' } }
    }),
    verifyEntry: sendTo('enclave', ({ context, event }) => {
      assertEvent(event, 'holder.pinEntered')
      return { type: 'verifyPin', channel: context.channel, pinId: event.pinId, pin: { entry: event.entry } }
    }),
    close: sendTo('enclave', { type: 'close' }),
    askHolder: sendTo('console', ({ context }) => ({ type: 'card.pinWanted', pinId: context.pinId })),
    tellHolder: sendTo('console', ({ context }) => ({ type: 'card.pinSettled', pinId: context.pinId })),
    writeFile: assign(({ context, event }) => {
      assertEvent(event, 'apdu.writeFile')
      return { files: { ...context.files, [fileName(event)]: event.data } }
    }),
    tellSelected: sendTo('wire', ({ context }) => {
      const { channel, cardId, product, version } = context
      return { type: 'card.selected', channel, cardId, product, version } satisfies CardToMinidriver
    }),
    tellCapabilities: sendTo('wire', ({ context }) => {
      const { channel, mask, algorithms, paddings } = context
      return { type: 'card.capabilities', channel, mask, algorithms, paddings, modes: ['CBC'] } satisfies CardToMinidriver
    }),
    tellFile: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'apdu.readFile')
      return { type: 'card.file', channel: context.channel, data: context.files[fileName(event)] ?? '' } satisfies CardToMinidriver
    }),
    tellDone: sendTo('wire', ({ context }) => ({ type: 'card.done', channel: context.channel }) satisfies CardToMinidriver),
    tellNonce: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.nonceDrawn')
      return { type: 'card.challenge', channel: context.channel, nonce: event.nonce } satisfies CardToMinidriver
    }),
    tellPublicKey: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.keyRead')
      const { purpose, spki, evidence } = event
      return { type: 'card.publicKey', channel: context.channel, purpose, spki, evidence } satisfies CardToMinidriver
    }),
    tellSessionKey: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.sessionKeyReady')
      const { key, nonce, receipt } = event
      return { type: 'card.sessionKey', channel: context.channel, key, nonce, receipt } satisfies CardToMinidriver
    }),
    tellAgreement: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.agreed')
      return { type: 'card.agreement', channel: context.channel, agreement: event.agreement } satisfies CardToMinidriver
    }),
    tellProcessed: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.processed')
      return { type: 'card.processed', channel: context.channel, output: event.output } satisfies CardToMinidriver
    }),
    tellRefusal: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.refused')
      return { type: 'card.refused', channel: context.channel, sw: statusWordOf(event.fault) } satisfies CardToMinidriver
    }),
    tellNoFile: sendTo('wire', ({ context }) => ({ type: 'card.refused', channel: context.channel, sw: NO_SUCH_FILE }) satisfies CardToMinidriver),
    tellUnsupported: sendTo('wire', ({ context }) => ({ type: 'card.refused', channel: context.channel, sw: NOT_SUPPORTED }) satisfies CardToMinidriver),
    tellDeclined: sendTo('wire', ({ context }) => ({ type: 'card.refused', channel: context.channel, sw: DECLINED }) satisfies CardToMinidriver),
    tellBusy: sendTo('wire', ({ event }) => ({ type: 'card.refused', channel: channelOf(event) ?? 0, sw: BUSY }) satisfies CardToMinidriver),
    tellFailed: sendTo('wire', ({ context }) => ({ type: 'card.refused', channel: context.channel, sw: BUSY }) satisfies CardToMinidriver),
    tellGone: sendTo('wire', ({ context, event }) => ({ type: 'card.gone', channel: channelOf(event) ?? context.channel }) satisfies CardToMinidriver),
    reportStray: emit({ type: 'progress', role: 'card', step: 'strayWord' }),
    reportReset: emit({ type: 'progress', role: 'card', step: 'reset' }),
    reportAbsent: emit({ type: 'progress', role: 'card', step: 'absent' }),
    reportInstalled: emit({ type: 'progress', role: 'card', step: 'sealedDataProcessed' }),
    reportRefused: emit({ type: 'progress', role: 'card', step: 'refused' }),
  },
}).createMachine({
  id: 'ski.card',
  description: 'Makes K1, takes session keys, opens sealed data; the only end of the channel on the client’s side that is trusted.',
  context: ({ input }) => ({ ...input, files: {}, channel: 0, pinId: null }),
  invoke: [
    { src: 'wire', id: 'wire' },
    { src: 'enclave', id: 'enclave' },
    { src: 'console', id: 'console' },
  ],
  initial: 'waiting',
  states: {
    waiting: {
      id: 'waiting',
      description: 'In the reader, nothing in hand. An answer of the enclave that nobody waits for closes what it may have made.',
      meta: { requirements: ['SKI-190', 'SKI-240'] },
      entry: 'forget',
      on: {
        'apdu.select': { actions: ['noteChannel', 'tellSelected'], meta: { requirements: ['SKI-194'] } },
        'apdu.capabilities': { actions: ['noteChannel', 'tellCapabilities'], meta: { requirements: ['SKI-202'] } },
        'apdu.readFile': [
          { guard: 'fileThere', actions: ['noteChannel', 'tellFile'], meta: { requirements: ['SKI-202'] } },
          { actions: ['noteChannel', 'tellNoFile'], meta: { requirements: ['SKI-202'] } },
        ],
        'apdu.writeFile': { actions: ['noteChannel', 'writeFile', 'tellDone'], meta: { requirements: ['SKI-266'] } },
        'apdu.challenge': { target: 'working.drawing', actions: ['noteChannel', 'drawNonce'], meta: { requirements: ['SKI-193'] } },
        'apdu.generate': { target: 'working.generating', actions: ['noteChannel', 'makeK1'], meta: { step: 6, requirements: ['SKI-156'] } },
        'apdu.readKey': { target: 'working.reading', actions: ['noteChannel', 'readKey'], meta: { step: 10, requirements: ['SKI-160'] } },
        'apdu.importSessionKey': [
          {
            guard: 'takesSessionKeys',
            target: 'working.unwrapping',
            actions: ['noteChannel', 'importSessionKey'],
            meta: { step: 18, requirements: ['SKI-168'] },
          },
          { actions: ['noteChannel', 'tellUnsupported'], description: 'whatever the mask claims', meta: { requirements: ['SKI-42'] } },
        ],
        'apdu.shareKey': [
          { guard: 'sharesKeys', target: 'working.sharing', actions: ['noteChannel', 'shareKey'], meta: { requirements: ['SKI-203'] } },
          { actions: ['noteChannel', 'tellUnsupported'], description: 'whatever the mask claims', meta: { requirements: ['SKI-42'] } },
        ],
        'apdu.agree': [
          { guard: 'takesAgreements', target: 'working.agreeing', actions: ['noteChannel', 'agree'], meta: { requirements: ['SKI-203'] } },
          { actions: ['noteChannel', 'tellUnsupported'], description: 'whatever the mask claims', meta: { requirements: ['SKI-42'] } },
        ],
        'apdu.deriveKey': { target: 'working.deriving', actions: ['noteChannel', 'deriveKey'], meta: { requirements: ['SKI-203'] } },
        'apdu.setKeyProperty': { target: 'working.setting', actions: ['noteChannel', 'setKeyProperty'], meta: { step: 27, requirements: ['SKI-198'] } },
        'apdu.processSealed': { target: 'working.processing', actions: ['noteChannel', 'processSealed'], meta: { step: 28, requirements: ['SKI-178'] } },
        'apdu.destroyKey': { target: 'working.destroying', actions: ['noteChannel', 'destroyKey'], meta: { requirements: ['SKI-200'] } },
        'apdu.deleteContainer': { target: 'working.deleting', actions: ['noteChannel', 'deleteContainer'], meta: { requirements: ['SKI-190'] } },
        'apdu.deauthenticate': { target: 'working.deauthenticating', actions: ['noteChannel', 'deauthenticate'], meta: { requirements: ['SKI-132'] } },
        'apdu.verify': [
          { guard: 'atThePad', target: 'working.askingHolder', actions: ['noteChannel', 'notePin'], meta: { requirements: ['SKI-283'] } },
          { target: 'working.verifying', actions: ['noteChannel', 'verifyTyped'], meta: { requirements: ['SKI-201', 'SKI-284'] } },
        ],
        'reader.removed': { target: 'absent', actions: ['close', 'reportAbsent'], description: 'power is lost', meta: { requirements: ['SKI-18', 'SKI-247'] } },
        'reader.reset': { actions: ['close', 'reportReset'], description: 'everything volatile is gone', meta: { requirements: ['SKI-18', 'SKI-247'] } },
        'enclave.*': { actions: ['close', 'reportStray'], meta: { requirements: ['SKI-246'] } },
        'holder.*': {
          actions: ['close', 'reportStray'],
          description: 'a PIN that nobody waits for must not stay',
          meta: { requirements: ['SKI-283'] },
        },
        '*': { actions: 'reportStray', meta: { requirements: ['SKI-241'] } },
      },
    },
    working: {
      description: 'One command in hand. The card’s answer to another one meanwhile is that it is busy.',
      meta: { requirements: ['SKI-190', 'SKI-240', 'SKI-241'] },
      initial: 'drawing',
      on: {
        'apdu.*': { actions: 'tellBusy', meta: { requirements: ['SKI-241'] } },
        'reader.removed': {
          target: 'absent',
          actions: ['close', 'tellGone', 'reportAbsent'],
          description: 'power is lost; the reader answers in the card’s place',
          meta: { requirements: ['SKI-18', 'SKI-247'] },
        },
        'reader.reset': {
          target: 'waiting',
          actions: ['close', 'tellFailed', 'reportReset'],
          description: 'the command in hand is lost with everything volatile',
          meta: { requirements: ['SKI-18', 'SKI-247'] },
        },
        'reader.inserted': { actions: 'reportStray', meta: { requirements: ['SKI-241'] } },
        'enclave.refused': { target: 'waiting', actions: ['tellRefusal', 'reportRefused'], meta: { requirements: ['SKI-192', 'SKI-222'] } },
        '*': {
          target: 'waiting',
          actions: ['close', 'tellFailed', 'reportRefused'],
          description: 'nobody else has a word here: all that is volatile goes',
          meta: { requirements: ['SKI-241', 'SKI-246'] },
        },
      },
      states: {
        drawing: {
          description: 'The enclave draws the one-shot nonce.',
          meta: { requirements: ['SKI-68', 'SKI-193'] },
          on: { 'enclave.nonceDrawn': { target: '#waiting', actions: 'tellNonce' } },
        },
        generating: {
          description: 'The enclave makes a key pair for establishing keys.',
          meta: { step: 6, requirements: ['SKI-156', 'SKI-212'] },
          on: { 'enclave.k1Made': { target: '#waiting', actions: 'tellDone', meta: { step: 7, requirements: ['SKI-157'] } } },
        },
        reading: {
          description: 'The enclave shows a public key, with a statement about it where one is asked for.',
          meta: { step: 10, requirements: ['SKI-160', 'SKI-193'] },
          on: { 'enclave.keyRead': { target: '#waiting', actions: 'tellPublicKey', meta: { step: 11, requirements: ['SKI-161'] } } },
        },
        unwrapping: {
          description: 'The enclave judges the server’s proof and unwraps the session key.',
          meta: { step: 18, requirements: ['SKI-51', 'SKI-168', 'SKI-215'] },
          on: { 'enclave.sessionKeyReady': { target: '#waiting', actions: 'tellSessionKey', meta: { step: 19, requirements: ['SKI-169'] } } },
        },
        sharing: {
          description: 'The enclave makes a session key of the key that card and server share.',
          meta: { requirements: ['SKI-40', 'SKI-77', 'SKI-203'] },
          on: { 'enclave.sessionKeyReady': { target: '#waiting', actions: 'tellSessionKey', meta: { requirements: ['SKI-203'] } } },
        },
        agreeing: {
          description: 'The enclave computes a DH agreement.',
          meta: { requirements: ['SKI-128', 'SKI-203'] },
          on: { 'enclave.agreed': { target: '#waiting', actions: 'tellAgreement', meta: { requirements: ['SKI-203'] } } },
        },
        deriving: {
          description: 'The enclave derives a session key of an agreement.',
          meta: { requirements: ['SKI-129', 'SKI-203'] },
          on: { 'enclave.sessionKeyReady': { target: '#waiting', actions: 'tellSessionKey', meta: { requirements: ['SKI-203'] } } },
        },
        setting: {
          description: 'Mode or IV of a session key.',
          meta: { step: 27, requirements: ['SKI-12', 'SKI-198'] },
          on: { 'enclave.propertySet': { target: '#waiting', actions: 'tellDone', meta: { requirements: ['SKI-198'] } } },
        },
        processing: {
          description: 'The enclave opens sealed data and does what it says, or refuses without a word about the cause.',
          meta: { step: 28, requirements: ['SKI-72', 'SKI-178', 'SKI-214'] },
          on: {
            'enclave.processed': {
              target: '#waiting',
              actions: ['tellProcessed', 'reportInstalled'],
              meta: { step: 29, requirements: ['SKI-179'] },
            },
          },
        },
        destroying: {
          description: 'A session key or an agreement is destroyed.',
          meta: { requirements: ['SKI-16', 'SKI-17', 'SKI-200'] },
          on: { 'enclave.destroyed': { target: '#waiting', actions: 'tellDone', meta: { requirements: ['SKI-17'] } } },
        },
        deleting: {
          description: 'K1 is deleted after the run.',
          meta: { requirements: ['SKI-190'] },
          on: { 'enclave.containerDeleted': { target: '#waiting', actions: 'tellDone', meta: { requirements: ['SKI-190'] } } },
        },
        deauthenticating: {
          description: 'The authenticated state of a PIN ends.',
          meta: { requirements: ['SKI-132'] },
          on: { 'enclave.deauthenticated': { target: '#waiting', actions: 'tellDone', meta: { requirements: ['SKI-132'] } } },
        },
        askingHolder: {
          description: 'The holder enters a PIN at the PIN pad; it goes straight into the enclave.',
          meta: { requirements: ['SKI-283'] },
          entry: 'askHolder',
          exit: 'tellHolder',
          on: {
            'holder.pinEntered': { guard: 'isThePinWanted', target: 'verifying', actions: 'verifyEntry', meta: { requirements: ['SKI-283'] } },
            'holder.declined': { target: '#waiting', actions: 'tellDeclined', meta: { requirements: ['SKI-283'] } },
            'app.timeout': { target: '#waiting', actions: 'tellDeclined', meta: { requirements: ['SKI-242'] } },
            'enclave.*': {
              target: '#waiting',
              actions: ['close', 'tellFailed', 'reportRefused'],
              description: 'nobody has asked it anything',
              meta: { requirements: ['SKI-246'] },
            },
          },
        },
        verifying: {
          description: 'The enclave compares a PIN; the try is counted before it is judged.',
          meta: { requirements: ['SKI-201', 'SKI-285'] },
          on: { 'enclave.pinVerified': { target: '#waiting', actions: 'tellDone', meta: { requirements: ['SKI-201'] } } },
        },
      },
    },
    absent: {
      description: 'Not in the reader: whoever asks is told so.',
      meta: { requirements: ['SKI-247'] },
      entry: 'forget',
      on: {
        'reader.inserted': { target: 'waiting', actions: ['close', 'reportReset'], meta: { requirements: ['SKI-247'] } },
        'apdu.*': { actions: 'tellGone', description: 'the reader answers in the card’s place', meta: { requirements: ['SKI-247'] } },
        '*': { actions: 'reportStray', meta: { requirements: ['SKI-241'] } },
      },
    },
  },
})

const fileName = ({ file, container }: { readonly file: string; readonly container: number }) => (file === 'cmapfile' ? file : `${file} ${container}`)

const channelOf = (event: { readonly type: string; readonly channel?: number }) => event.channel
