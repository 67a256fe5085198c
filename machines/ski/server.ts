/**
 * The server application in front of the CA: proves the card, makes S1 and K2 in its enclave, has its minidriver seal K2,
 * and believes that K2 arrived when the card says so.
 *
 *   expectRequest ─▶ beginning ─▶ expectOffer ─▶ product, way, algorithm, place ─▶ judging ─▶ proof, card ─▶ keying
 *     ─▶ expectEstablished ─▶ confirmingSession ─▶ acquiring ─▶ loading ─▶ droppingS1 ─▶ makingKey ─▶ requesting ─▶ archive
 *     ─▶ composing ─▶ settingMode ─▶ drawingIv ─▶ settingIv ─▶ encrypting ─▶ droppingArgument ─▶ droppingKey ─▶ expectInstalled
 *     ─▶ confirmingInstalled or opening ─▶ certifying ─▶ committing ─▶ releasing ─▶ leaving ─▶ done; otherwise undoing ─▶ refused
 *
 * Its minidriver (in no-card mode) and the archive are behind the port `local`; S1, K2 and PINs are handles of the enclave.
 *
 * Spec: spec/ski.md, SKI-14, SKI-24, SKI-49, SKI-151 to SKI-181, SKI-250, SKI-252, SKI-260.
 * @module
 */
import { outcomeOf, serverSetup, unbegun } from './server-setup.js'

/** See the module text. */
export const serverMachine = serverSetup.createMachine({
  id: 'ski.server',
  description: 'Makes a user’s key, archives it, and has it injected into the card that was enrolled for him.',
  context: ({ input }) => ({ ...unbegun, ...input }),
  invoke: [
    { src: 'wire', id: 'wire' },
    { src: 'local', id: 'local' },
    { src: 'enclave', id: 'enclave' },
  ],
  initial: 'running',
  states: {
    running: {
      description: 'A run. Whatever is not expected ends it.',
      meta: { requirements: ['SKI-28', 'SKI-240'] },
      initial: 'expectRequest',
      on: { '*': { target: 'undoing', meta: { requirements: ['SKI-28', 'SKI-241', 'SKI-242', 'SKI-243', 'SKI-246'] } } },
      states: {
        expectRequest: {
          description: 'A client wants a certificate, or a PIN.',
          meta: { step: 1, requirements: ['SKI-151'] },
          on: {
            'client.request': [
              { guard: 'isEnrolled', target: 'beginning', actions: 'noteRequest', meta: { step: 1, requirements: ['SKI-151', 'SKI-49'] } },
              { target: '#undoing', actions: 'blameInjection', description: 'nothing is permitted by default', meta: { requirements: ['SKI-27', 'SKI-267'] } },
            ],
          },
        },
        beginning: {
          description: 'The enclave draws session id and nonce.',
          meta: { step: 2, requirements: ['SKI-9', 'SKI-152'] },
          entry: 'beginSession',
          on: {
            'enclave.sessionBegun': { target: 'expectOffer', actions: ['noteSession', 'tellStart', 'reportStarted'], meta: { step: 2 } },
          },
        },
        expectOffer: {
          description: 'The client has a key made on the card and says what it was told (steps 3 to 15).',
          meta: { step: 15, requirements: ['SKI-165'] },
          on: {
            'client.offer': { guard: 'mySession', target: 'weighingProduct', actions: 'noteOffer', meta: { step: 15, requirements: ['SKI-165', 'SKI-9'] } },
          },
        },
        weighingProduct: {
          description: 'Is the card’s minidriver one that runs here, in the same version?',
          meta: { requirements: ['SKI-23', 'SKI-253'] },
          always: [
            { guard: 'productServed', target: 'weighingWay' },
            { target: '#undoing', actions: 'blameProduct' },
          ],
        },
        weighingWay: {
          description: 'Is the way one that is offered? Plaintext is none.',
          meta: { requirements: ['SKI-31', 'SKI-40', 'SKI-41'] },
          always: [
            { guard: 'wayOffered', target: 'weighingAlgorithm' },
            { target: '#undoing', actions: 'blameWay' },
          ],
        },
        weighingAlgorithm: {
          description: 'Is there an algorithm, and for S1 a padding, that both have and the policy allows?',
          meta: { requirements: ['SKI-31', 'SKI-64'] },
          always: [
            { guard: 'algorithmCommon', target: 'weighingInjection' },
            { target: '#undoing', actions: 'blameAlgorithm' },
          ],
        },
        weighingInjection: {
          description: 'May this kind of key be injected for this requester, and archived?',
          meta: { requirements: ['SKI-27', 'SKI-267'] },
          always: [
            { guard: 'injectionPermitted', target: 'weighingPlace' },
            { target: '#undoing', actions: 'blameInjection' },
          ],
        },
        weighingPlace: {
          description: 'Container and PIN are hints of the client: are they among those that are allowed on this card?',
          meta: { requirements: ['SKI-49'] },
          always: [
            { guard: 'placeAllowed', target: 'judging' },
            { target: '#undoing', actions: 'blamePlace' },
          ],
        },
        judging: {
          description: 'The enclave judges the evidence about K1.',
          meta: { requirements: ['SKI-44', 'SKI-45', 'SKI-46'] },
          entry: 'judgeCard',
          on: { 'enclave.cardJudged': { target: 'weighingProof', actions: 'noteJudged', meta: { requirements: ['SKI-43'] } } },
        },
        weighingProof: {
          description: 'Is K1 proven as the policy wants it (assumption A1)?',
          meta: { requirements: ['SKI-43'] },
          always: [
            { guard: 'proofHolds', target: 'weighingCard', meta: { requirements: ['SKI-43', 'SKI-44', 'SKI-45', 'SKI-46'] } },
            { target: '#undoing', actions: 'blameProof' },
          ],
        },
        weighingCard: {
          description: 'Is it the card of this requester?',
          meta: { requirements: ['SKI-47'] },
          always: [
            { guard: 'cardEnrolled', target: 'choosing', actions: 'reportCardProven' },
            { target: '#undoing', actions: 'blameCard' },
          ],
        },
        choosing: {
          description: 'How is the key established?',
          meta: { requirements: ['SKI-40'] },
          always: [
            { guard: 'sessionWay', target: 'keying', actions: 'wrapSessionKey', meta: { step: 16, requirements: ['SKI-166'] } },
            { guard: 'agreementWay', target: 'keying', actions: 'agreeSessionKey', meta: { step: 16, requirements: ['SKI-40', 'SKI-128'] } },
            { target: 'keying', actions: 'offerSharedKey', meta: { step: 16, requirements: ['SKI-40', 'SKI-135'] } },
          ],
        },
        keying: {
          description: 'The enclave makes S1 and what the card needs for it, with the server’s proof.',
          meta: { step: 16, requirements: ['SKI-7', 'SKI-50', 'SKI-166'] },
          on: {
            'enclave.sessionKeyMade': { target: 'expectEstablished', actions: ['noteS1', 'tellSessionKey'], meta: { step: 16, requirements: ['SKI-166'] } },
            'enclave.sharedKeyOffered': { target: 'expectEstablished', actions: 'tellSessionKey', meta: { step: 16, requirements: ['SKI-166'] } },
          },
        },
        expectEstablished: {
          description: 'The card takes the key (steps 17 to 20).',
          meta: { step: 21, requirements: ['SKI-11', 'SKI-171'] },
          on: {
            'client.established': { guard: 'mySession', target: 'weighingReceipt', actions: 'noteEstablished', meta: { step: 21, requirements: ['SKI-171'] } },
          },
        },
        weighingReceipt: {
          description: 'Does step 21 count by the client’s word, or by the card’s?',
          meta: { requirements: ['SKI-250'] },
          always: [
            { guard: 'receiptsUnwanted', target: 'acquiring', meta: { requirements: ['SKI-251'] } },
            { guard: 'receiptGiven', target: 'confirmingSession' },
            { target: '#undoing', actions: 'blameReceipt' },
          ],
        },
        confirmingSession: {
          description: 'The enclave judges the card’s receipt for S1.',
          meta: { requirements: ['SKI-70', 'SKI-250'] },
          entry: 'confirmSession',
          on: {
            'enclave.sessionConfirmed': [
              { guard: 'genuine', target: 'acquiring', meta: { requirements: ['SKI-250'] } },
              { target: '#undoing', actions: 'blameReceipt', meta: { requirements: ['SKI-250'] } },
            ],
          },
        },
        acquiring: {
          description: 'The server’s minidriver is acquired without a card.',
          meta: { requirements: ['SKI-21', 'SKI-22', 'SKI-120'] },
          entry: ['countCall', 'callAcquire'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'loading', meta: { requirements: ['SKI-120'] } } },
        },
        loading: {
          description: 'The minidriver takes S1, or derives it itself.',
          meta: { step: 22, requirements: ['SKI-14', 'SKI-172'] },
          entry: ['countCall', 'callLoad'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'loaded', actions: 'noteHandle', meta: { step: 23, requirements: ['SKI-173'] } } },
        },
        loaded: {
          description: 'Does the application still hold a copy of S1?',
          meta: { step: 23, requirements: ['SKI-173', 'SKI-223'] },
          always: [{ guard: 'holdsS1', target: 'droppingS1' }, { target: 'preparing' }],
        },
        droppingS1: {
          description: 'The application’s copy of S1 is destroyed.',
          meta: { step: 23, requirements: ['SKI-173', 'SKI-223'] },
          entry: 'destroyS1',
          on: { 'enclave.destroyed': { guard: 'isS1', target: 'preparing', actions: 'forgetS1', meta: { requirements: ['SKI-223'] } } },
        },
        preparing: {
          description: 'A key pair, or a PIN?',
          meta: { step: 24, requirements: ['SKI-174', 'SKI-280'] },
          always: [
            { guard: 'keyPairWanted', target: 'makingKey', meta: { step: 24, requirements: ['SKI-174'] } },
            { target: 'composing', meta: { step: 24, requirements: ['SKI-280'] } },
          ],
        },
        makingKey: {
          description: 'The enclave makes K2.',
          meta: { step: 24, requirements: ['SKI-174'] },
          entry: 'makeKeyPair',
          on: { 'enclave.keyPairMade': { target: 'requesting', actions: ['noteKey', 'reportKeyMade'], meta: { step: 24, requirements: ['SKI-174'] } } },
        },
        requesting: {
          description: 'K2 signs the request for its own certificate.',
          meta: { requirements: ['SKI-263'] },
          entry: 'requestCertificate',
          on: { 'enclave.certificateRequested': { target: 'weighingArchive', actions: 'noteCertificateRequest', meta: { requirements: ['SKI-263'] } } },
        },
        weighingArchive: {
          description: 'Is K2 to be archived now?',
          meta: { requirements: ['SKI-24', 'SKI-260'] },
          always: [
            { guard: 'archiveNow', target: 'enveloping' },
            { guard: 'notYetSealed', target: 'composing' },
            { guard: 'archiveAfter', target: 'enveloping' },
            { target: 'certifying' },
          ],
        },
        enveloping: {
          description: 'The enclave enciphers K2 to the recovery agents.',
          meta: { requirements: ['SKI-24', 'SKI-265'] },
          entry: 'envelopeKey',
          on: { 'enclave.keyEnveloped': { guard: 'envelopesThatKey', target: 'storing', actions: 'store', meta: { requirements: ['SKI-25', 'SKI-265'] } } },
        },
        storing: {
          description: 'The archive takes it.',
          meta: { requirements: ['SKI-24', 'SKI-25', 'SKI-26'] },
          on: {
            'archive.stored': [
              { guard: 'storedThatKeyFirst', target: 'composing', actions: 'noteArchived', meta: { requirements: ['SKI-26'] } },
              { guard: 'storedThatKey', target: 'droppingKey', actions: 'noteArchived', meta: { requirements: ['SKI-26'] } },
            ],
          },
        },
        composing: {
          description: 'The structure is put together in the enclave.',
          meta: { step: 24, requirements: ['SKI-86', 'SKI-174'] },
          entry: 'compose',
          on: { 'enclave.composed': { target: 'settingMode', actions: 'noteArgument', meta: { step: 24, requirements: ['SKI-174'] } } },
        },
        settingMode: {
          description: 'The chaining mode is set before anything is encrypted (reading A-3).',
          meta: { step: 24, requirements: ['SKI-12', 'SKI-174'] },
          entry: ['countCall', 'callSetMode'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'drawingIv', meta: { step: 24, requirements: ['SKI-12'] } } },
        },
        drawingIv: {
          description: 'The enclave draws a fresh IV.',
          meta: { step: 24, requirements: ['SKI-8', 'SKI-221'] },
          entry: 'drawIv',
          on: { 'enclave.ivDrawn': { target: 'settingIv', actions: 'noteIv', meta: { step: 24, requirements: ['SKI-8'] } } },
        },
        settingIv: {
          description: 'The IV is set.',
          meta: { step: 24, requirements: ['SKI-8', 'SKI-12', 'SKI-174'] },
          entry: ['countCall', 'callSetIv'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'encrypting', meta: { step: 24, requirements: ['SKI-12'] } } },
        },
        encrypting: {
          description: 'The minidriver seals the structure.',
          meta: { step: 24, requirements: ['SKI-134', 'SKI-174'] },
          entry: ['countCall', 'callEncrypt'],
          on: {
            'minidriver.returned': { guard: 'returnedWell', target: 'droppingArgument', actions: 'noteBlobs', meta: { step: 25, requirements: ['SKI-175'] } },
          },
        },
        droppingArgument: {
          description: 'The plaintext structure is destroyed.',
          meta: { step: 25, requirements: ['SKI-175', 'SKI-223'] },
          entry: 'destroyArgument',
          on: { 'enclave.destroyed': { guard: 'isArgument', target: 'weighingK2', actions: 'forgetArgument', meta: { step: 25, requirements: ['SKI-223'] } } },
        },
        weighingK2: {
          description: 'Is K2 still needed here, for an archive that comes last?',
          meta: { requirements: ['SKI-176', 'SKI-223'] },
          always: [
            {
              guard: 'archiveIsLast',
              target: 'expectInstalled',
              actions: ['tellSealed', 'reportSealed'],
              meta: { step: 26, requirements: ['SKI-176', 'SKI-260'] },
            },
            { guard: 'holdsK2', target: 'droppingKey' },
            { target: 'expectInstalled', actions: ['tellSealed', 'reportSealed'], meta: { step: 26, requirements: ['SKI-176'] } },
          ],
        },
        droppingKey: {
          description: 'The server’s copy of K2 is destroyed.',
          meta: { requirements: ['SKI-176', 'SKI-223'] },
          entry: 'destroyK2',
          on: {
            'enclave.destroyed': [
              {
                guard: 'isK2First',
                target: 'expectInstalled',
                actions: ['forgetKey', 'tellSealed', 'reportSealed'],
                meta: { step: 26, requirements: ['SKI-176', 'SKI-223'] },
              },
              { guard: 'isK2', target: 'certifying', actions: 'forgetKey', meta: { requirements: ['SKI-223', 'SKI-260'] } },
            ],
          },
        },
        expectInstalled: {
          description: 'The card opens the sealed data (steps 27 to 30).',
          meta: { step: 31, requirements: ['SKI-181'] },
          on: { 'client.installed': { guard: 'mySession', target: 'weighingOutput', actions: 'noteInstalled', meta: { step: 31, requirements: ['SKI-181'] } } },
        },
        weighingOutput: {
          description: 'Does step 31 count by the client’s word, or by the card’s?',
          meta: { requirements: ['SKI-250', 'SKI-282'] },
          always: [
            { guard: 'responseGiven', target: 'opening' },
            { guard: 'receiptsUnwanted', target: 'arrived', meta: { step: 31, requirements: ['SKI-251'] } },
            { guard: 'outputGiven', target: 'confirmingInstalled' },
            { target: '#undoing', actions: 'blameReceipt' },
          ],
        },
        confirmingInstalled: {
          description: 'The enclave judges the card’s receipt for K2.',
          meta: { requirements: ['SKI-71', 'SKI-250'] },
          entry: 'confirmInstalled',
          on: {
            'enclave.installedConfirmed': [
              { guard: 'genuine', target: 'arrived', actions: 'noteConfirmed', meta: { step: 31, requirements: ['SKI-181', 'SKI-250'] } },
              { target: '#undoing', actions: 'blameReceipt', meta: { requirements: ['SKI-250'] } },
            ],
          },
        },
        opening: {
          description: 'The minidriver opens the card’s enciphered response.',
          meta: { requirements: ['SKI-140', 'SKI-282'] },
          entry: ['countCall', 'callOpen'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'releasing', actions: 'noteConfirmed', meta: { requirements: ['SKI-282'] } } },
        },
        arrived: {
          description: 'The key pair is on the card. A PIN needs nothing more.',
          meta: { step: 31, requirements: ['SKI-181'] },
          always: [{ guard: 'pinWanted', target: 'releasing', meta: { requirements: ['SKI-280'] } }, { target: 'weighingArchive' }],
        },
        certifying: {
          description: 'The CA issues the certificate.',
          meta: { requirements: ['SKI-264'] },
          entry: 'askCertificate',
          on: { 'archive.certified': { guard: 'storedThatKey', target: 'weighingCommit', actions: 'noteCertificate', meta: { requirements: ['SKI-264'] } } },
        },
        weighingCommit: {
          description: 'Is there an archive record to make final?',
          meta: { requirements: ['SKI-260'] },
          always: [{ guard: 'wasArchived', target: 'committing' }, { target: 'releasing' }],
        },
        committing: {
          description: 'The archive record becomes final.',
          meta: { requirements: ['SKI-24', 'SKI-26', 'SKI-260'] },
          entry: 'commit',
          on: { 'archive.committed': { guard: 'storedThatKey', target: 'releasing', meta: { requirements: ['SKI-26', 'SKI-260'] } } },
        },
        releasing: {
          description: 'The minidriver’s key is destroyed.',
          meta: { requirements: ['SKI-16', 'SKI-19', 'SKI-137'] },
          entry: ['countCall', 'callDestroy'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: 'leaving', actions: 'forgetHandle', meta: { requirements: ['SKI-16', 'SKI-19'] } } },
        },
        leaving: {
          description: 'The minidriver’s context is deleted.',
          meta: { requirements: ['SKI-121'] },
          entry: ['countCall', 'callDelete'],
          on: { 'minidriver.returned': { guard: 'returnedWell', target: '#done', meta: { requirements: ['SKI-121'] } } },
        },
      },
    },
    undoing: {
      id: 'undoing',
      description: 'Everything is taken back: the context is deleted, a provisional archive record goes.',
      meta: { requirements: ['SKI-28', 'SKI-223'] },
      entry: ['blame', 'countCall', 'callDelete'],
      always: [
        { guard: 'nothingSealed', target: 'refused', actions: 'discard', meta: { requirements: ['SKI-28', 'SKI-260'] } },
        { target: 'refused', description: 'K2 may be on the card: a key in use that is not archived is the worse failure', meta: { requirements: ['SKI-24'] } },
      ],
    },
    done: {
      id: 'done',
      type: 'final',
      description: 'The secret is on the card, and nothing of the session is left.',
      meta: { requirements: ['SKI-19', 'SKI-181', 'SKI-249'] },
      entry: ['close', 'tellEnd', 'reportDone'],
    },
    refused: {
      type: 'final',
      description: 'One word for every reason; the enclave destroys what the run made.',
      meta: { requirements: ['SKI-28', 'SKI-249'] },
      entry: ['close', 'tellRefused', 'reportRefused'],
    },
  },
  output: ({ context }) => outcomeOf(context),
})
