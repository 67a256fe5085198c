/**
 * The client application: the untrusted middle. It has a key made on the card, carries what the card says to the server and
 * what the server says to the card, and can read none of it.
 *
 *   acquiring ─▶ requesting ─▶ capability (3, 4) ─▶ holder ─▶ container map ─▶ K1 (5 to 12) ─▶ evidence ─▶ lists (13, 14) ─▶ offering (15)
 *     ─▶ importing (17 to 20), or sharing, or agreeing and deriving ─▶ reporting (21) ─▶ mode, IV, container, processing (27 to 30)
 *     ─▶ finishing (31) ─▶ certificate, container map ─▶ releasing ─▶ leaving ─▶ done
 *   otherwise, in any state ─▶ undoing ─▶ refused
 *
 * Any status but success ends the run (SKI-28): nothing is tried again, nothing weaker is tried instead (SKI-31, SKI-33).
 *
 * Spec: spec/ski.md, SKI-10 to SKI-13, SKI-28, SKI-32, SKI-151 to SKI-181, SKI-266.
 * @module
 */
import { clientSetup, outcomeOf, unbegun } from './client-setup.js'

/** See the module text. */
export const clientMachine = clientSetup.createMachine({
  id: 'ski.client',
  description: 'Carries between server and card what it cannot read.',
  context: ({ input }) => ({ ...unbegun, ...input }),
  invoke: [{ src: 'wire', id: 'wire' }],
  initial: 'running',
  states: {
    running: {
      description: 'A run. Whatever is not expected ends it.',
      meta: { requirements: ['SKI-28', 'SKI-32', 'SKI-240'] },
      initial: 'acquiring',
      on: { '*': { target: 'undoing', meta: { requirements: ['SKI-28', 'SKI-241', 'SKI-242', 'SKI-243'] } } },
      states: {
        acquiring: {
          description: 'The card’s minidriver is acquired.',
          meta: { requirements: ['SKI-120'] },
          entry: ['countCall', 'callAcquire'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'requesting' } },
        },
        requesting: {
          description: 'A certificate, or a PIN, is asked for.',
          meta: { step: 1, requirements: ['SKI-151'] },
          entry: 'tellRequest',
          on: { 'server.start': { target: 'askingSupport', actions: ['noteStart', 'reportStarted'], meta: { step: 2, requirements: ['SKI-152'] } } },
        },
        askingSupport: {
          description: 'What does the card claim to take?',
          meta: { step: 3, requirements: ['SKI-10', 'SKI-153'] },
          entry: ['countCall', 'callSupport'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'weighingWay', actions: 'noteWay', meta: { step: 4, requirements: ['SKI-154'] } } },
        },
        weighingWay: {
          description: 'Is there a way that both ends can go? Plaintext is none.',
          meta: { step: 4, requirements: ['SKI-10', 'SKI-31', 'SKI-40', 'SKI-41'] },
          always: [
            { guard: 'wayFound', target: 'identifying' },
            { target: '#undoing', actions: 'blameWay' },
          ],
        },
        identifying: {
          description: 'Which card is it?',
          meta: { requirements: ['SKI-47', 'SKI-149'] },
          entry: ['countCall', 'callCardId'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'weighingHolder', actions: 'noteCardId' } },
        },
        weighingHolder: {
          description: 'Does the card want its holder?',
          meta: { requirements: ['SKI-131', 'SKI-283'] },
          always: [{ guard: 'holderAuthenticates', target: 'authenticating' }, { target: 'readingMap' }],
        },
        authenticating: {
          description: 'The holder enters the PIN: at the PIN pad, or here, which is outside the promise.',
          meta: { requirements: ['SKI-131', 'SKI-283', 'SKI-284'] },
          entry: ['countCall', 'callAuthenticate'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'readingMap' } },
        },
        readingMap: {
          description: 'The container map shows what is free.',
          meta: { step: 5, requirements: ['SKI-155', 'SKI-92'] },
          entry: ['countCall', 'callReadMap'],
          on: {
            'minidriver.returned': [
              { guard: 'returnedWell', target: 'weighingPlace', actions: 'noteMap' },
              { guard: 'noSuchFile', target: 'weighingPlace', actions: 'noteMap', meta: { requirements: ['SKI-155'] } },
            ],
          },
        },
        weighingPlace: {
          description: 'Is there room, and does the way need a key on the card?',
          meta: { step: 5, requirements: ['SKI-155'] },
          always: [
            { guard: 'nowhereFree', target: '#undoing', actions: 'blameRoom' },
            { guard: 'k1Exists', target: 'readingKey' },
            { guard: 'hasK1', target: 'creating' },
            { target: 'weighingNonce' },
          ],
        },
        creating: {
          description: 'The card makes K1, or its DH key (steps 5 to 8).',
          meta: { step: 5, requirements: ['SKI-155', 'SKI-156', 'SKI-157', 'SKI-158'] },
          entry: ['countCall', 'callCreate'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'readingKey', actions: 'noteK1', meta: { step: 8, requirements: ['SKI-158'] } } },
        },
        readingKey: {
          description: 'K1’s public part is read (steps 9 to 12).',
          meta: { step: 9, requirements: ['SKI-159', 'SKI-162'] },
          entry: ['countCall', 'callInfo'],
          on: {
            'minidriver.returned': {
              guard: 'returnedWell',
              target: 'weighingEvidence',
              actions: 'notePublicKey',
              meta: { step: 12, requirements: ['SKI-162'] },
            },
          },
        },
        weighingEvidence: {
          description: 'Does the server want to know more about K1 than the key?',
          meta: { requirements: ['SKI-43'] },
          always: [{ guard: 'evidenceWanted', target: 'proving' }, { target: 'weighingNonce' }],
        },
        proving: {
          description: 'The card states what K1 is, with a fresh nonce.',
          meta: { requirements: ['SKI-44', 'SKI-142', 'SKI-193'] },
          entry: ['countCall', 'callEvidence'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'weighingNonce', actions: 'noteEvidence' } },
        },
        weighingNonce: {
          description: 'Does the server need a nonce of the card that no evidence brought?',
          meta: { requirements: ['SKI-68'] },
          always: [{ guard: 'nonceWanted', target: 'drawing' }, { target: 'listingAlgorithms' }],
        },
        drawing: {
          description: 'The card draws its nonce.',
          meta: { requirements: ['SKI-68', 'SKI-149'] },
          entry: ['countCall', 'callNonce'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'listingAlgorithms', actions: 'noteNonce' } },
        },
        listingAlgorithms: {
          description: 'Which algorithms does the card have?',
          meta: { step: 13, requirements: ['SKI-163'] },
          entry: ['countCall', 'callAlgorithms'],
          on: {
            'minidriver.returned': {
              guard: 'returnedWell',
              target: 'listingPaddings',
              actions: 'noteAlgorithms',
              meta: { step: 14, requirements: ['SKI-164'] },
            },
          },
        },
        listingPaddings: {
          description: 'Which paddings?',
          meta: { step: 13, requirements: ['SKI-163'] },
          entry: ['countCall', 'callPaddings'],
          on: {
            'minidriver.returned': { guard: 'returnedWell', target: 'listingModes', actions: 'notePaddings', meta: { step: 14, requirements: ['SKI-164'] } },
          },
        },
        listingModes: {
          description: 'Which chaining modes (reading A-14)?',
          meta: { step: 13, requirements: ['SKI-163'] },
          entry: ['countCall', 'callModes'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'offering', actions: 'noteModes', meta: { step: 14, requirements: ['SKI-164'] } } },
        },
        offering: {
          description: 'The server is told; what it believes is its business.',
          meta: { step: 15, requirements: ['SKI-165'] },
          entry: ['tellOffer', 'reportOffered'],
          on: { 'server.sessionKey': { guard: 'isMyWay', target: 'choosing', actions: 'noteKey', meta: { step: 16, requirements: ['SKI-166'] } } },
        },
        choosing: {
          description: 'How does the card get the key?',
          meta: { requirements: ['SKI-40'] },
          always: [{ guard: 'sessionWay', target: 'importing' }, { guard: 'agreementWay', target: 'agreeing' }, { target: 'sharing' }],
        },
        importing: {
          description: 'The card unwraps S1 (steps 17 to 20).',
          meta: { step: 17, requirements: ['SKI-167', 'SKI-170'] },
          entry: ['countCall', 'callImport'],
          on: {
            'minidriver.returned': {
              guard: 'returnedWell',
              target: 'weighingReceipt',
              actions: ['noteHandle', 'reportEstablished'],
              meta: { step: 20, requirements: ['SKI-170'] },
            },
          },
        },
        sharing: {
          description: 'The card makes a session key of the shared key.',
          meta: { requirements: ['SKI-135'] },
          entry: ['countCall', 'callShare'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'weighingReceipt', actions: ['noteSharedHandle', 'reportEstablished'] } },
        },
        agreeing: {
          description: 'The card computes the DH agreement.',
          meta: { requirements: ['SKI-128'] },
          entry: ['countCall', 'callAgree'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'deriving', actions: 'noteAgreement' } },
        },
        deriving: {
          description: 'The card derives S1 of it, under a handle.',
          meta: { requirements: ['SKI-129'] },
          entry: ['countCall', 'callDerive'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'closingAgreement', actions: ['noteHandle', 'reportEstablished'] } },
        },
        closingAgreement: {
          description: 'The agreement is used up.',
          meta: { requirements: ['SKI-130'] },
          entry: ['countCall', 'callEndAgreement'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'weighingReceipt', actions: 'forgetAgreement' } },
        },
        weighingReceipt: {
          description: 'Is there a receipt to pass on?',
          meta: { requirements: ['SKI-70', 'SKI-250'] },
          always: [{ guard: 'wasProven', target: 'fetchingReceipt' }, { target: 'reporting' }],
        },
        fetchingReceipt: {
          description: 'The card’s receipt for S1.',
          meta: { requirements: ['SKI-70', 'SKI-149'] },
          entry: ['countCall', 'callReceipt'],
          on: {
            'minidriver.returned': [
              { guard: 'returnedWell', target: 'reporting', actions: 'noteReceipt' },
              { guard: 'noSuchProperty', target: 'reporting', description: 'a card that writes none', meta: { requirements: ['SKI-149', 'SKI-250'] } },
            ],
          },
        },
        reporting: {
          description: 'The server is told that the card has the key.',
          meta: { step: 21, requirements: ['SKI-171'] },
          entry: 'tellEstablished',
          on: { 'server.sealed': { guard: 'mySession', target: 'weighingK1', actions: 'noteSealed', meta: { step: 26, requirements: ['SKI-176'] } } },
        },
        weighingK1: {
          description: 'Does K1 stay (reading A-17)?',
          meta: { requirements: ['SKI-19'] },
          always: [{ guard: 'k1ToDelete', target: 'deletingK1' }, { target: 'settingMode' }],
        },
        deletingK1: {
          description: 'K1 has done its work and is deleted, while the holder’s PIN is still presented.',
          meta: { requirements: ['SKI-19', 'SKI-212'] },
          entry: ['countCall', 'callDeleteK1'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'settingMode', actions: 'forgetK1' } },
        },
        settingMode: {
          description: 'The very mode that the server used.',
          meta: { step: 27, requirements: ['SKI-12', 'SKI-13', 'SKI-177'] },
          entry: ['countCall', 'callSetMode'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'settingIv', meta: { step: 27, requirements: ['SKI-177'] } } },
        },
        settingIv: {
          description: 'The very IV that the server used.',
          meta: { step: 27, requirements: ['SKI-12', 'SKI-13', 'SKI-177'] },
          entry: ['countCall', 'callSetIv'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'weighingContainer', meta: { step: 27, requirements: ['SKI-177'] } } },
        },
        weighingContainer: {
          description: 'Is there a container to prepare?',
          meta: { step: 27, requirements: ['SKI-28', 'SKI-178'] },
          always: [{ guard: 'containerNamed', target: 'preparing' }, { target: 'processing' }],
        },
        preparing: {
          description: 'The minidriver is told which container to prepare (reading A-5).',
          meta: { step: 27, requirements: ['SKI-149', 'SKI-178'] },
          entry: ['countCall', 'callSetContainer'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'processing', meta: { step: 27, requirements: ['SKI-178'] } } },
        },
        processing: {
          description: 'The card opens the sealed data (steps 27 to 30).',
          meta: { step: 27, requirements: ['SKI-177', 'SKI-180'] },
          entry: ['countCall', 'callProcess'],
          on: {
            'minidriver.returned': {
              guard: 'returnedWell',
              target: 'finishing',
              actions: ['noteOutput', 'reportInstalled'],
              meta: { step: 30, requirements: ['SKI-180'] },
            },
          },
        },
        finishing: {
          description: 'The server is told, with what the card put out.',
          meta: { step: 31, requirements: ['SKI-181'] },
          entry: 'tellInstalled',
          on: {
            'server.certificate': { guard: 'mySession', target: 'writingCertificate', actions: 'noteCertificate', meta: { requirements: ['SKI-266'] } },
            'server.completed': { guard: 'mySession', target: 'releasing', meta: { requirements: ['SKI-280'] } },
          },
        },
        writingCertificate: {
          description: 'The certificate is written to the card.',
          meta: { requirements: ['SKI-266'] },
          entry: ['countCall', 'callWriteCertificate'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'writingMap' } },
        },
        writingMap: {
          description: 'The container map is written.',
          meta: { requirements: ['SKI-92', 'SKI-266'] },
          entry: ['countCall', 'callWriteMap'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'releasing' } },
        },
        releasing: {
          description: 'The session key is destroyed.',
          meta: { requirements: ['SKI-16', 'SKI-19', 'SKI-137'] },
          entry: ['countCall', 'callDestroy'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'leaving', actions: 'forgetHandle' } },
        },
        leaving: {
          description: 'The context is deleted.',
          meta: { requirements: ['SKI-121'] },
          entry: ['countCall', 'callDelete'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: '#done' } },
        },
      },
    },
    undoing: {
      id: 'undoing',
      description: 'Is there a K1 that this run made?',
      meta: { requirements: ['SKI-28'] },
      entry: 'blame',
      always: [{ guard: 'k1ToDelete', target: 'removingK1' }, { target: 'abandoning' }],
    },
    removingK1: {
      description: 'It is taken back, if the card still takes the order. Whatever comes of it, the run is over.',
      meta: { requirements: ['SKI-28', 'SKI-240'] },
      entry: ['countCall', 'callDeleteK1'],
      on: { '*': 'abandoning' },
    },
    abandoning: {
      description: 'Deleting the context ends every handle of it, and the server is told.',
      meta: { requirements: ['SKI-18', 'SKI-28'] },
      entry: ['countCall', 'callDelete'],
      always: { target: 'refused' },
    },
    done: {
      id: 'done',
      type: 'final',
      description: 'The secret is on the card.',
      meta: { requirements: ['SKI-19', 'SKI-181', 'SKI-249'] },
      entry: 'reportDone',
    },
    refused: {
      type: 'final',
      description: 'Nothing more will come.',
      meta: { requirements: ['SKI-28', 'SKI-249'] },
      entry: ['tellGaveUp', 'reportRefused'],
    },
  },
  output: ({ context }) => outcomeOf(context),
})
