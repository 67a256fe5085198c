/**
 * The minidriver, one machine in two places: on the client in card mode, between application and card; on the server in
 * no-card mode, in front of the server's enclave. One instance is one context. Which of the two it is, is chosen at
 * acquisition and never changes.
 *
 *   idle ─ CardAcquireContext ─▶ acquiring ─▶ withCard.ready ─ a call ─▶ working, one state for each sort of work ─▶ ready
 *     └─ CardAcquireContext, no-card mode ─▶ withoutCard.ready ─ one of the eight ─▶ working ─▶ ready
 *   app.timeout, app.cancel while working ─▶ overdue, until the answer comes that nobody waits for any more
 *   CardDeleteContext ─▶ leaving: every key of the context is destroyed ─▶ idle
 *   reader.removed, reader.reset ─▶ gone: every handle is dead, and every call answered with what happened
 *
 * Events are the calls of the interface by their names; every call is answered with a status, a faulty one by the last arrow
 * of the state. In card mode it has no enclave; in no-card mode it says nothing to any card, and hears none.
 *
 * Spec: spec/ski.md, SKI-12 to SKI-23, SKI-120 to SKI-149, SKI-182 to SKI-184, SKI-240 to SKI-248.
 * @module
 */
import { minidriverSetup, unacquired } from './minidriver-setup.js'

/** See the module text. */
export const minidriverMachine = minidriverSetup.createMachine({
  id: 'ski.minidriver',
  description: 'The published interface between an application and a card, or a server’s key work.',
  context: ({ input }) => ({ ...unacquired, given: 0, ...input }),
  invoke: [
    { src: 'wire', id: 'wire' },
    { src: 'enclave', id: 'enclave' },
  ],
  initial: 'idle',
  states: {
    idle: {
      id: 'idle',
      description: 'No context.',
      meta: { requirements: ['SKI-120', 'SKI-147'] },
      entry: 'leaveContext',
      on: {
        CardAcquireContext: [
          { guard: 'wantsNoCard', target: 'withoutCard', description: 'no reader is touched', meta: { requirements: ['SKI-21', 'SKI-22'] } },
          { guard: 'sound', target: 'acquiring' },
        ],
        '*': [{ guard: 'isCall', actions: 'returnFault' }, { actions: 'reportStray' }],
      },
    },
    acquiring: {
      description: 'A context with a card is made. Whatever keeps the card from answering, there is none.',
      meta: { requirements: ['SKI-22', 'SKI-120', 'SKI-241', 'SKI-247'] },
      entry: ['noteCall', 'enterCardMode'],
      initial: 'selecting',
      on: {
        'reader.removed': { target: 'idle', actions: 'returnRemoved' },
        'reader.reset': { target: 'idle', actions: 'returnReset' },
        'card.gone': { guard: 'forMe', target: 'idle', actions: 'returnAbsent' },
        'card.refused': { guard: 'forMe', target: 'idle', actions: 'returnRefused', meta: { requirements: ['SKI-204'] } },
        'card.*': { guard: 'forMe', target: 'idle', actions: 'returnUnreadable', meta: { requirements: ['SKI-204'] } },
        'app.timeout': { target: 'idle', actions: 'returnTimedOut', meta: { requirements: ['SKI-242'] } },
        'app.cancel': { target: 'idle', actions: 'returnCancelled', meta: { requirements: ['SKI-243'] } },
        '*': [{ guard: 'isCall', actions: 'returnBusy' }, { actions: 'reportStray' }],
      },
      states: {
        selecting: {
          description: 'The card’s application is selected. It has to be one of this product, in this version.',
          meta: { requirements: ['SKI-23', 'SKI-194'] },
          entry: 'askSelect',
          on: {
            'card.selected': [
              { guard: 'isMyCard', target: 'asking', actions: 'noteCardId' },
              { guard: 'forMe', target: '#idle', actions: 'returnUnknownCard' },
            ],
          },
        },
        asking: {
          description: 'What does the card claim to do?',
          meta: { requirements: ['SKI-42', 'SKI-202'] },
          entry: 'askCapabilities',
          on: { 'card.capabilities': { guard: 'forMe', target: '#withCard', actions: 'noteCapabilities' } },
        },
      },
    },
    withCard: {
      id: 'withCard',
      description: 'A context with a card.',
      meta: { requirements: ['SKI-22', 'SKI-146', 'SKI-240'] },
      entry: ['noteVersion', 'returnAcquired', 'reportAcquired'],
      initial: 'ready',
      states: {
        ready: {
          id: 'ready',
          description: 'A call is awaited. A faulty one is answered before anything is asked of the card.',
          meta: { requirements: ['SKI-144', 'SKI-145', 'SKI-148', 'SKI-241'] },
          entry: 'forgetCall',
          on: {
            CardGetProperty: [
              { guard: 'answeredHere', actions: 'returnHere' },
              { guard: 'sound', target: 'working.drawing' },
            ],
            CardGetAlgorithmProperty: { guard: 'answeredHere', actions: 'returnHere' },
            CardGetKeyProperty: { guard: 'answeredHere', actions: 'returnHere' },
            CardQueryKeySizes: { guard: 'answeredHere', actions: 'returnHere' },
            CardReadFile: { guard: 'sound', target: 'working.readingFile', meta: { step: 5, requirements: ['SKI-155'] } },
            CardWriteFile: { guard: 'sound', target: 'working.changing' },
            CardCreateContainer: { guard: 'sound', target: 'working.generating', meta: { step: 5, requirements: ['SKI-124'] } },
            CardCreateContainerEx: { guard: 'sound', target: 'working.generating', meta: { step: 5, requirements: ['SKI-125'] } },
            CardDeleteContainer: { guard: 'sound', target: 'working.changing' },
            CardGetContainerInfo: { guard: 'sound', target: 'working.readingKey', meta: { step: 9, requirements: ['SKI-126'] } },
            CardGetContainerProperty: { guard: 'sound', target: 'working.readingKey' },
            CardImportSessionKey: { guard: 'sound', target: 'working.importing', meta: { step: 17, requirements: ['SKI-141'] } },
            CardGetSharedKeyHandle: { guard: 'sound', target: 'working.importing', meta: { requirements: ['SKI-135'] } },
            CardConstructDHAgreement: { guard: 'sound', target: 'working.agreeing' },
            CardDeriveKey: { guard: 'sound', target: 'working.importing', meta: { requirements: ['SKI-129'] } },
            CardDestroyDHAgreement: { guard: 'sound', target: 'working.destroying' },
            CardSetKeyProperty: [
              { guard: 'answeredHere', actions: ['returnHere', 'noteHere'], meta: { step: 28, requirements: ['SKI-149', 'SKI-178'] } },
              { guard: 'sound', target: 'working.setting', meta: { step: 27, requirements: ['SKI-139'] } },
            ],
            CardProcessEncryptedData: { guard: 'sound', target: 'working.processing', meta: { step: 27, requirements: ['SKI-140'] } },
            CardDestroyKey: { guard: 'sound', target: 'working.destroying' },
            CardAuthenticateEx: { guard: 'sound', target: 'working.changing' },
            CardDeauthenticateEx: { guard: 'sound', target: 'working.deauthenticating' },
            CardDeleteContext: { target: 'leaving' },
            'reader.removed': { target: 'gone', actions: 'loseCard', meta: { requirements: ['SKI-18', 'SKI-247'] } },
            'reader.reset': { target: 'gone', actions: 'loseSession', meta: { requirements: ['SKI-18', 'SKI-247'] } },
            '*': [{ guard: 'isCall', actions: 'returnFault' }, { actions: 'reportStray' }],
          },
        },
        working: {
          description: 'The card is asked. What is not its answer changes nothing.',
          meta: { requirements: ['SKI-18', 'SKI-204', 'SKI-241', 'SKI-247'] },
          entry: ['noteCall', 'askCard'],
          initial: 'drawing',
          on: {
            'card.refused': { guard: 'forMe', target: 'ready', actions: 'returnRefused' },
            'card.gone': { guard: 'forMe', target: 'gone', actions: ['returnAbsent', 'loseCard'] },
            'card.*': { guard: 'forMe', target: 'ready', actions: 'returnUnreadable', description: 'no answer to what was asked' },
            'reader.removed': { target: 'gone', actions: ['returnRemoved', 'loseCard'] },
            'reader.reset': { target: 'gone', actions: ['returnReset', 'loseSession'] },
            'app.timeout': { target: 'overdue', actions: 'returnTimedOut', meta: { requirements: ['SKI-242'] } },
            'app.cancel': { target: 'overdue', actions: 'returnCancelled', meta: { requirements: ['SKI-243'] } },
            '*': [{ guard: 'isCall', actions: 'returnBusy', description: 'one call at a time' }, { actions: 'reportStray' }],
          },
          states: {
            drawing: {
              description: 'The card draws its nonce.',
              meta: { requirements: ['SKI-68', 'SKI-122', 'SKI-149'] },
              on: { 'card.challenge': { guard: 'forMe', target: '#ready', actions: 'returnData' } },
            },
            readingFile: {
              description: 'A file of the card is read.',
              meta: { step: 5, requirements: ['SKI-155', 'SKI-182'] },
              on: { 'card.file': { guard: 'forMe', target: '#ready', actions: 'returnData' } },
            },
            changing: {
              description: 'A file is written, a container deleted, or a PIN compared.',
              meta: { requirements: ['SKI-131', 'SKI-183', 'SKI-184', 'SKI-266'] },
              on: { 'card.done': { guard: 'forMe', target: '#ready', actions: 'returnDone' } },
            },
            generating: {
              description: 'The card makes a key pair.',
              meta: { step: 6, requirements: ['SKI-156'] },
              on: { 'card.done': { guard: 'forMe', target: '#ready', actions: 'returnDone', meta: { step: 8, requirements: ['SKI-158'] } } },
            },
            readingKey: {
              description: 'The card shows a public key, with a statement about it where one is asked for.',
              meta: { step: 10, requirements: ['SKI-142', 'SKI-160', 'SKI-193'] },
              on: { 'card.publicKey': { guard: 'forMe', target: '#ready', actions: 'returnPublicKey', meta: { step: 12, requirements: ['SKI-162'] } } },
            },
            importing: {
              description: 'The card takes, shares or derives a session key.',
              meta: { step: 18, requirements: ['SKI-147', 'SKI-168'] },
              on: {
                'card.sessionKey': {
                  guard: 'forMe',
                  target: '#ready',
                  actions: ['giveCardKey', 'returnHandle'],
                  meta: { step: 20, requirements: ['SKI-170'] },
                },
              },
            },
            agreeing: {
              description: 'The card computes an agreement.',
              meta: { requirements: ['SKI-128'] },
              on: { 'card.agreement': { guard: 'forMe', target: '#ready', actions: ['giveAgreement', 'returnAgreement'] } },
            },
            setting: {
              description: 'Mode or IV of a session key is set.',
              meta: { step: 27, requirements: ['SKI-139', 'SKI-177'] },
              on: { 'card.done': { guard: 'forMe', target: '#ready', actions: ['noteProperty', 'returnDone'] } },
            },
            processing: {
              description: 'The card opens sealed data. The IV is used up by it.',
              meta: { step: 28, requirements: ['SKI-12', 'SKI-140', 'SKI-178'] },
              on: { 'card.processed': { guard: 'forMe', target: '#ready', actions: ['noteUse', 'returnData'], meta: { step: 30, requirements: ['SKI-180'] } } },
            },
            destroying: {
              description: 'A session key or an agreement is destroyed on the card.',
              meta: { requirements: ['SKI-16', 'SKI-17', 'SKI-130', 'SKI-137'] },
              on: { 'card.done': { guard: 'forMe', target: '#ready', actions: ['takeNamed', 'returnDone'] } },
            },
            deauthenticating: {
              description: 'The authenticated state of one PIN after the other is ended.',
              meta: { requirements: ['SKI-132'] },
              on: {
                'card.done': [
                  { guard: 'morePins', actions: ['nextPin', 'askCard'] },
                  { guard: 'forMe', target: '#ready', actions: 'returnDone' },
                ],
              },
            },
          },
        },
        overdue: {
          description: 'The caller has been answered, the card is still at work. What it makes late goes when the context goes.',
          meta: { requirements: ['SKI-17', 'SKI-241', 'SKI-242', 'SKI-247'] },
          on: {
            'card.sessionKey': { guard: 'forMe', target: 'ready', actions: ['giveCardKey', 'reportLate'] },
            'card.agreement': { guard: 'forMe', target: 'ready', actions: ['giveAgreement', 'reportLate'] },
            'card.gone': { guard: 'forMe', target: 'gone', actions: 'loseCard' },
            'card.*': { guard: 'forMe', target: 'ready', actions: 'reportLate' },
            'reader.removed': { target: 'gone', actions: 'loseCard' },
            'reader.reset': { target: 'gone', actions: 'loseSession' },
            CardDeleteContext: { target: 'leaving.late' },
            '*': [{ guard: 'isCall', actions: 'returnBusy' }, { actions: 'reportStray' }],
          },
        },
        leaving: {
          description: 'Every key and agreement of the context is destroyed before it is deleted. It is deleted whatever happens.',
          meta: { requirements: ['SKI-17', 'SKI-18', 'SKI-121', 'SKI-241'] },
          entry: 'noteCall',
          exit: 'reportDeleted',
          initial: 'weighing',
          on: {
            'card.gone': { guard: 'forMe', target: '#idle', actions: 'returnDone' },
            'card.*': { guard: 'forMe', target: '#idle', actions: 'returnUnreadable' },
            'reader.removed': { target: '#idle', actions: 'returnDone' },
            'reader.reset': { target: '#idle', actions: 'returnDone' },
            'app.timeout': { target: '#idle', actions: 'returnTimedOut', meta: { requirements: ['SKI-242'] } },
            'app.cancel': { target: '#idle', actions: 'returnCancelled', meta: { requirements: ['SKI-243'] } },
            '*': [{ guard: 'isCall', actions: 'returnBusy' }, { actions: 'reportStray' }],
          },
          states: {
            weighing: {
              description: 'Is anything left?',
              meta: { requirements: ['SKI-17', 'SKI-121'] },
              always: [
                { guard: 'somethingLeft', target: 'destroying' },
                { target: '#idle', actions: 'returnDone' },
              ],
            },
            destroying: {
              description: 'One after the other; what the card does not know any more is gone, too.',
              meta: { requirements: ['SKI-17', 'SKI-121'] },
              entry: 'destroyFirstOnCard',
              on: {
                'card.done': { guard: 'forMe', target: 'weighing', actions: 'takeFirst' },
                'card.refused': { guard: 'forMe', target: 'weighing', actions: 'takeFirst' },
              },
            },
            late: {
              description: 'First comes an answer that nobody waits for any more, and what it has made is destroyed with the rest.',
              meta: { requirements: ['SKI-17', 'SKI-121'] },
              on: {
                'card.sessionKey': { guard: 'forMe', target: 'weighing', actions: 'giveCardKey' },
                'card.agreement': { guard: 'forMe', target: 'weighing', actions: 'giveAgreement' },
                'card.*': { guard: 'forMe', target: 'weighing' },
              },
            },
          },
        },
        gone: {
          description: 'The card was taken out or reset: nothing of the context means anything any more.',
          meta: { requirements: ['SKI-18', 'SKI-241', 'SKI-247'] },
          entry: ['forgetCall', 'reportGone'],
          on: {
            CardDeleteContext: { target: 'leaving' },
            'reader.removed': { actions: ['loseCard', 'reportGone'] },
            '*': [{ guard: 'isCall', actions: 'returnLost' }, { actions: 'reportStray' }],
          },
        },
      },
    },
    withoutCard: {
      description: 'A context without a card, in front of the server’s enclave.',
      meta: { requirements: ['SKI-20', 'SKI-21', 'SKI-22', 'SKI-146', 'SKI-240'] },
      entry: ['noteCall', 'enterNoCardMode', 'noteVersion', 'returnAcquired', 'reportAcquired'],
      initial: 'ready',
      states: {
        ready: {
          id: 'serverReady',
          description: 'One of the eight functions is awaited. A faulty call, or one of another function, is answered before anything happens.',
          meta: { requirements: ['SKI-20', 'SKI-143', 'SKI-145', 'SKI-148', 'SKI-241'] },
          entry: 'forgetCall',
          on: {
            MDImportSessionKey: { guard: 'sound', target: 'working.importing', meta: { step: 22, requirements: ['SKI-133'] } },
            MDEncryptData: { guard: 'sound', target: 'working.encrypting', meta: { step: 24, requirements: ['SKI-134'] } },
            CardGetSharedKeyHandle: { guard: 'sound', target: 'working.importing', meta: { step: 22, requirements: ['SKI-135'] } },
            CardGetAlgorithmProperty: { guard: 'answeredHere', actions: 'returnHere' },
            CardGetKeyProperty: { guard: 'answeredHere', actions: 'returnHere' },
            CardSetKeyProperty: { guard: 'sound', target: 'working.setting', meta: { step: 24, requirements: ['SKI-139'] } },
            CardProcessEncryptedData: { guard: 'sound', target: 'working.opening' },
            CardDestroyKey: { guard: 'sound', target: 'working.destroying' },
            CardDeleteContext: { target: 'leaving' },
            '*': [{ guard: 'isCall', actions: 'returnFault' }, { actions: 'reportStray' }],
          },
        },
        working: {
          description: 'The enclave is asked. What is not its answer changes nothing.',
          meta: { requirements: ['SKI-222', 'SKI-241', 'SKI-246'] },
          entry: ['noteCall', 'askEnclave'],
          initial: 'importing',
          on: {
            'enclave.refused': { target: 'ready', actions: 'returnEnclaveRefused' },
            'enclave.*': { target: 'ready', actions: 'returnEnclaveFailed', description: 'no answer to what was asked' },
            'app.timeout': { target: 'overdue', actions: 'returnTimedOut', meta: { requirements: ['SKI-242'] } },
            'app.cancel': { target: 'overdue', actions: 'returnCancelled', meta: { requirements: ['SKI-243'] } },
            '*': [{ guard: 'isCall', actions: 'returnBusy', description: 'one call at a time' }, { actions: 'reportStray' }],
          },
          states: {
            importing: {
              description: 'A session key is loaded or derived.',
              meta: { step: 22, requirements: ['SKI-147', 'SKI-172'] },
              on: {
                'enclave.mdKeyReady': {
                  target: '#serverReady',
                  actions: ['giveServerKey', 'returnHandle'],
                  meta: { step: 23, requirements: ['SKI-173'] },
                },
              },
            },
            encrypting: {
              description: 'A structure is sealed. The IV is used up by it.',
              meta: { step: 24, requirements: ['SKI-12', 'SKI-134', 'SKI-174'] },
              on: { 'enclave.mdEncrypted': { target: '#serverReady', actions: ['noteUse', 'returnBlobs'], meta: { step: 25, requirements: ['SKI-175'] } } },
            },
            setting: {
              description: 'Mode or IV of a session key is set.',
              meta: { step: 24, requirements: ['SKI-139', 'SKI-174'] },
              on: { 'enclave.propertySet': { target: '#serverReady', actions: ['noteProperty', 'returnDone'] } },
            },
            opening: {
              description: 'A response of the card is opened.',
              meta: { requirements: ['SKI-140', 'SKI-282'] },
              on: { 'enclave.responseOpened': { target: '#serverReady', actions: 'returnResponse' } },
            },
            destroying: {
              description: 'A session key is destroyed.',
              meta: { requirements: ['SKI-16', 'SKI-17', 'SKI-137'] },
              on: { 'enclave.destroyed': { target: '#serverReady', actions: ['takeNamed', 'returnDone'] } },
            },
          },
        },
        overdue: {
          description: 'The caller has been answered, the enclave is still at work. What it makes late goes when the context goes.',
          meta: { requirements: ['SKI-17', 'SKI-241', 'SKI-242', 'SKI-246'] },
          on: {
            'enclave.mdKeyReady': { target: 'ready', actions: ['giveServerKey', 'reportLate'] },
            'enclave.*': { target: 'ready', actions: 'reportLate' },
            CardDeleteContext: { target: 'leaving.late' },
            '*': [{ guard: 'isCall', actions: 'returnBusy' }, { actions: 'reportStray' }],
          },
        },
        leaving: {
          description: 'Every key of the context is destroyed before it is deleted. It is deleted whatever happens.',
          meta: { requirements: ['SKI-17', 'SKI-121', 'SKI-241'] },
          entry: 'noteCall',
          exit: 'reportDeleted',
          initial: 'weighing',
          on: {
            'enclave.*': { target: '#idle', actions: 'returnEnclaveFailed', meta: { requirements: ['SKI-246'] } },
            'app.timeout': { target: '#idle', actions: 'returnTimedOut', meta: { requirements: ['SKI-242'] } },
            'app.cancel': { target: '#idle', actions: 'returnCancelled', meta: { requirements: ['SKI-243'] } },
            '*': [{ guard: 'isCall', actions: 'returnBusy' }, { actions: 'reportStray' }],
          },
          states: {
            weighing: {
              description: 'Is anything left?',
              meta: { requirements: ['SKI-17', 'SKI-121'] },
              always: [
                { guard: 'somethingLeft', target: 'destroying' },
                { target: '#idle', actions: 'returnDone' },
              ],
            },
            destroying: {
              description: 'One key after the other; one that the enclave refuses went with the session that the application has closed.',
              meta: { requirements: ['SKI-17', 'SKI-121'] },
              entry: 'destroyFirst',
              on: {
                'enclave.destroyed': { target: 'weighing', actions: 'takeFirst' },
                'enclave.refused': { target: 'weighing', actions: 'takeFirst' },
              },
            },
            late: {
              description: 'First comes an answer that nobody waits for any more, and a key that it has made is destroyed with the rest.',
              meta: { requirements: ['SKI-17', 'SKI-121'] },
              on: { 'enclave.mdKeyReady': { target: 'weighing', actions: 'giveServerKey' }, 'enclave.*': { target: 'weighing' } },
            },
          },
        },
      },
    },
  },
})
