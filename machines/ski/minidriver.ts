/**
 * The minidriver, one machine in two places: on the client in card mode, between application and card; on the server in
 * no-card mode, in front of the server's enclave. One instance is one context. Which of the two it is, is chosen at
 * acquisition and never changes.
 *
 *   idle ─ CardAcquireContext ─▶ selecting ─▶ asking ─▶ withCard.ready ─ a call ─▶ one state for each sort of work ─▶ ready
 *     └─ CardAcquireContext, no-card mode ─▶ withoutCard.ready ─ one of the eight ─▶ work ─▶ ready
 *   CardDeleteContext ─▶ leaving: every key of the context is destroyed ─▶ idle
 *   reader.removed, reader.reset ─▶ every handle is dead
 *
 * Events are the calls of the interface by their names; every call is answered with a status. In card mode it has no
 * enclave; in no-card mode it says nothing to any card.
 *
 * Spec: spec/ski.md, SKI-15 to SKI-22, SKI-120 to SKI-149.
 * @module
 */
import { minidriverSetup, unacquired } from './minidriver-setup.js'

/** See the module text. */
export const minidriverMachine = minidriverSetup.createMachine({
  id: 'ski.minidriver',
  description: 'The published interface between an application and a card, or a server’s key work.',
  context: ({ input }) => ({ ...unacquired, ...input }),
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
          { guard: 'faulty', actions: 'returnFault' },
          {
            guard: 'wantsNoCard',
            target: 'withoutCard',
            actions: ['enterNoCardMode', 'returnAcquired', 'reportAcquired'],
            description: 'no reader is touched',
            meta: { requirements: ['SKI-20', 'SKI-22', 'SKI-120'] },
          },
          { target: 'withCard', actions: ['noteCall', 'enterCardMode'], meta: { requirements: ['SKI-22', 'SKI-120'] } },
        ],
        '*': [
          { guard: 'isCall', actions: 'returnFault', meta: { requirements: ['SKI-147'] } },
          { actions: 'reportStray', meta: { requirements: ['SKI-241'] } },
        ],
      },
    },
    withCard: {
      description: 'A context with a card.',
      meta: { requirements: ['SKI-22', 'SKI-240'] },
      initial: 'selecting',
      on: {
        'reader.removed': { target: '.gone', actions: ['returnRemoved', 'dropHandles', 'reportRemoved'], meta: { requirements: ['SKI-18', 'SKI-247'] } },
        'card.gone': { target: '.gone', actions: ['returnRemoved', 'dropHandles', 'reportRemoved'], meta: { requirements: ['SKI-18', 'SKI-247'] } },
        'reader.reset': {
          target: '.ready',
          actions: ['returnReset', 'dropHandles', 'forgetCall', 'reportRemoved'],
          meta: { requirements: ['SKI-18', 'SKI-247'] },
        },
        'card.refused': { guard: 'forMe', target: '.ready', actions: 'returnRefused', meta: { requirements: ['SKI-204'] } },
        '*': [
          { guard: 'isCall', actions: 'returnBusy', description: 'one call at a time', meta: { requirements: ['SKI-241'] } },
          {
            target: '.ready',
            actions: 'returnFailed',
            description: 'a timeout, a cancel, an answer to nothing: the call has failed',
            meta: { requirements: ['SKI-241', 'SKI-246'] },
          },
        ],
      },
      states: {
        selecting: {
          description: 'The card’s application is selected.',
          meta: { requirements: ['SKI-120', 'SKI-194'] },
          entry: 'askSelect',
          on: {
            'card.selected': { guard: 'forMe', target: 'asking', actions: 'noteCardId' },
            'card.refused': { guard: 'forMe', target: '#idle', actions: 'returnRefused', meta: { requirements: ['SKI-204'] } },
            '*': [
              { guard: 'isCall', actions: 'returnBusy' },
              { target: '#idle', actions: 'returnFailed', meta: { requirements: ['SKI-241'] } },
            ],
          },
        },
        asking: {
          description: 'What does the card claim to do?',
          meta: { requirements: ['SKI-42', 'SKI-202'] },
          entry: 'askCapabilities',
          on: {
            'card.capabilities': {
              guard: 'forMe',
              target: 'ready',
              actions: ['noteCapabilities', 'returnAcquired', 'reportAcquired'],
              meta: { requirements: ['SKI-42', 'SKI-120'] },
            },
            'card.refused': { guard: 'forMe', target: '#idle', actions: 'returnRefused', meta: { requirements: ['SKI-204'] } },
            '*': [
              { guard: 'isCall', actions: 'returnBusy' },
              { target: '#idle', actions: 'returnFailed', meta: { requirements: ['SKI-241'] } },
            ],
          },
        },
        ready: {
          description: 'A call is awaited. A faulty one is answered before anything is asked of the card.',
          meta: { requirements: ['SKI-148'] },
          entry: 'forgetCall',
          on: {
            'reader.removed': { target: 'gone', actions: ['dropHandles', 'reportRemoved'], meta: { requirements: ['SKI-18', 'SKI-247'] } },
            'reader.reset': { actions: ['dropHandles', 'reportRemoved'], meta: { requirements: ['SKI-18', 'SKI-247'] } },
            CardGetProperty: [
              { guard: 'faulty', actions: 'returnFault' },
              { guard: 'answeredHere', actions: ['returnHere', 'noteHere'] },
              { target: 'drawing', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-122'] } },
            ],
            CardSetProperty: { guard: 'faulty', actions: 'returnFault' },
            CardGetAlgorithmProperty: [
              { guard: 'faulty', actions: 'returnFault' },
              { guard: 'answeredHere', actions: ['returnHere', 'noteHere'] },
            ],
            CardGetKeyProperty: [
              { guard: 'faulty', actions: 'returnFault' },
              { guard: 'answeredHere', actions: ['returnHere', 'noteHere'] },
            ],
            CardQueryKeySizes: [
              { guard: 'faulty', actions: 'returnFault' },
              { guard: 'answeredHere', actions: ['returnHere', 'noteHere'] },
            ],
            CardReadFile: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'readingFile', actions: ['noteCall', 'askCard'], meta: { step: 5, requirements: ['SKI-155'] } },
            ],
            CardWriteFile: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'writing', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-266'] } },
            ],
            CardCreateContainer: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'generating', actions: ['noteCall', 'askCard'], meta: { step: 5, requirements: ['SKI-124'] } },
            ],
            CardCreateContainerEx: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'generating', actions: ['noteCall', 'askCard'], meta: { step: 5, requirements: ['SKI-125'] } },
            ],
            CardDeleteContainer: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'deleting', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-149'] } },
            ],
            CardGetContainerInfo: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'readingKey', actions: ['noteCall', 'askCard'], meta: { step: 9, requirements: ['SKI-126'] } },
            ],
            CardGetContainerProperty: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'proving', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-142'] } },
            ],
            CardImportSessionKey: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'importing', actions: ['noteCall', 'askCard'], meta: { step: 17, requirements: ['SKI-141'] } },
            ],
            CardGetSharedKeyHandle: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'importing', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-135'] } },
            ],
            CardConstructDHAgreement: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'agreeing', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-128'] } },
            ],
            CardDeriveKey: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'importing', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-129'] } },
            ],
            CardDestroyDHAgreement: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'endingAgreement', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-130'] } },
            ],
            CardSetKeyProperty: [
              { guard: 'faulty', actions: 'returnFault' },
              { guard: 'answeredHere', actions: ['returnHere', 'noteHere'] },
              { target: 'setting', actions: ['noteCall', 'askCard'], meta: { step: 27, requirements: ['SKI-139'] } },
            ],
            CardProcessEncryptedData: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'processing', actions: ['noteCall', 'askCard'], meta: { step: 27, requirements: ['SKI-140'] } },
            ],
            CardDestroyKey: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'destroying', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-137'] } },
            ],
            CardAuthenticateEx: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'authenticating', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-131'] } },
            ],
            CardDeauthenticateEx: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'authenticating', actions: ['noteCall', 'askCard'], meta: { requirements: ['SKI-132'] } },
            ],
            CardDeleteContext: { target: 'leaving', actions: 'noteCall', meta: { requirements: ['SKI-121'] } },
            '*': [
              {
                guard: 'isCall',
                actions: 'returnUnsupported',
                description: 'the server’s functions have no place here',
                meta: { requirements: ['SKI-144', 'SKI-145'] },
              },
              { actions: 'reportStray', meta: { requirements: ['SKI-241'] } },
            ],
          },
        },
        drawing: {
          description: 'The card draws its nonce.',
          meta: { requirements: ['SKI-68', 'SKI-149'] },
          on: { 'card.challenge': { guard: 'forMe', target: 'ready', actions: 'returnNonce' } },
        },
        readingFile: {
          description: 'A file of the card is read.',
          meta: { step: 5, requirements: ['SKI-155'] },
          on: { 'card.file': { guard: 'forMe', target: 'ready', actions: 'returnFile' } },
        },
        writing: {
          description: 'A file of the card is written.',
          meta: { requirements: ['SKI-266'] },
          on: { 'card.done': { guard: 'forMe', target: 'ready', actions: 'returnDone' } },
        },
        generating: {
          description: 'The card makes a key pair.',
          meta: { step: 6, requirements: ['SKI-156', 'SKI-158'] },
          on: { 'card.done': { guard: 'forMe', target: 'ready', actions: 'returnDone', meta: { step: 8, requirements: ['SKI-158'] } } },
        },
        deleting: {
          description: 'A container is deleted.',
          meta: { requirements: ['SKI-149'] },
          on: { 'card.done': { guard: 'forMe', target: 'ready', actions: 'returnDone' } },
        },
        readingKey: {
          description: 'The card shows a public key.',
          meta: { step: 10, requirements: ['SKI-160', 'SKI-162'] },
          on: { 'card.publicKey': { guard: 'forMe', target: 'ready', actions: 'returnPublicKey', meta: { step: 12, requirements: ['SKI-162'] } } },
        },
        proving: {
          description: 'The card states what a key is.',
          meta: { requirements: ['SKI-142', 'SKI-193'] },
          on: { 'card.publicKey': { guard: 'forMe', target: 'ready', actions: 'returnPublicKey' } },
        },
        importing: {
          description: 'The card takes, shares or derives a session key.',
          meta: { step: 18, requirements: ['SKI-168', 'SKI-170'] },
          on: {
            'card.sessionKey': {
              guard: 'forMe',
              target: 'ready',
              actions: ['giveCardKey', 'returnHandle'],
              meta: { step: 20, requirements: ['SKI-6', 'SKI-147', 'SKI-170'] },
            },
          },
        },
        agreeing: {
          description: 'The card computes an agreement.',
          meta: { requirements: ['SKI-128'] },
          on: { 'card.agreement': { guard: 'forMe', target: 'ready', actions: ['giveAgreement', 'returnHandle'], meta: { requirements: ['SKI-128'] } } },
        },
        endingAgreement: {
          description: 'An agreement is destroyed.',
          meta: { requirements: ['SKI-130'] },
          on: { 'card.done': { guard: 'forMe', target: 'ready', actions: ['takeAgreement', 'returnDone'] } },
        },
        setting: {
          description: 'Mode or IV of a session key is set.',
          meta: { step: 27, requirements: ['SKI-139', 'SKI-177'] },
          on: { 'card.done': { guard: 'forMe', target: 'ready', actions: ['noteProperty', 'returnDone'], meta: { step: 27, requirements: ['SKI-139'] } } },
        },
        processing: {
          description: 'The card opens sealed data.',
          meta: { step: 28, requirements: ['SKI-140', 'SKI-178', 'SKI-180'] },
          on: { 'card.processed': { guard: 'forMe', target: 'ready', actions: 'returnOutput', meta: { step: 30, requirements: ['SKI-180'] } } },
        },
        destroying: {
          description: 'A session key is destroyed on the card.',
          meta: { requirements: ['SKI-16', 'SKI-17', 'SKI-137'] },
          on: { 'card.done': { guard: 'forMe', target: 'ready', actions: ['takeKey', 'returnDone'], meta: { requirements: ['SKI-16', 'SKI-17'] } } },
        },
        authenticating: {
          description: 'A PIN is compared, or its state ended.',
          meta: { requirements: ['SKI-131', 'SKI-132'] },
          on: { 'card.done': { guard: 'forMe', target: 'ready', actions: 'returnDone' } },
        },
        leaving: {
          description: 'Every key and agreement of the context is destroyed before it is deleted.',
          meta: { requirements: ['SKI-17', 'SKI-18', 'SKI-19', 'SKI-121'] },
          always: [
            { guard: 'keysLeft', target: 'leavingOn', actions: 'destroyFirstOnCard' },
            { guard: 'agreementsLeft', target: 'leavingOn', actions: 'destroyFirstOnCard' },
            { target: '#idle', actions: ['returnDone', 'reportDeleted'] },
          ],
        },
        leavingOn: {
          description: 'One after the other; what the card does not know any more is gone, too.',
          meta: { requirements: ['SKI-17', 'SKI-121'] },
          on: {
            'card.done': { guard: 'forMe', target: 'leaving', actions: 'takeFirst' },
            'card.refused': { guard: 'forMe', target: 'leaving', actions: 'takeFirst' },
            'reader.*': { target: 'leaving', actions: 'dropHandles', meta: { requirements: ['SKI-18'] } },
            'card.gone': { target: 'leaving', actions: 'dropHandles', meta: { requirements: ['SKI-18'] } },
            '*': [
              { guard: 'isCall', actions: 'returnBusy' },
              { target: 'leaving', actions: 'dropHandles', description: 'a context is always left', meta: { requirements: ['SKI-121'] } },
            ],
          },
        },
        gone: {
          description: 'The card is out: nothing of the context means anything any more.',
          meta: { requirements: ['SKI-18', 'SKI-247'] },
          entry: 'forgetCall',
          on: {
            CardDeleteContext: {
              target: '#idle',
              actions: ['returnDoneNow', 'reportDeleted'],
              description: 'may come after the card is gone',
              meta: { requirements: ['SKI-121'] },
            },
            '*': [
              { guard: 'isCall', actions: 'returnRemovedNow', meta: { requirements: ['SKI-247'] } },
              { actions: 'reportStray', meta: { requirements: ['SKI-241'] } },
            ],
          },
        },
      },
    },
    withoutCard: {
      description: 'A context without a card, in front of the server’s enclave.',
      meta: { requirements: ['SKI-20', 'SKI-21', 'SKI-22'] },
      initial: 'ready',
      on: {
        'enclave.refused': { target: '.ready', actions: 'returnEnclaveRefused', meta: { requirements: ['SKI-222'] } },
        '*': [
          { guard: 'isCall', actions: 'returnBusy', description: 'one call at a time', meta: { requirements: ['SKI-241'] } },
          { target: '.ready', actions: 'returnFailed', meta: { requirements: ['SKI-241', 'SKI-246'] } },
        ],
      },
      states: {
        ready: {
          description: 'One of the eight functions is awaited.',
          meta: { requirements: ['SKI-20', 'SKI-143', 'SKI-148'] },
          entry: 'forgetCall',
          on: {
            MDImportSessionKey: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'importing', actions: ['noteCall', 'askEnclave'], meta: { step: 22, requirements: ['SKI-133'] } },
            ],
            MDEncryptData: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'encrypting', actions: ['noteCall', 'askEnclave'], meta: { step: 24, requirements: ['SKI-134'] } },
            ],
            CardGetSharedKeyHandle: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'importing', actions: ['noteCall', 'askEnclave'], meta: { step: 22, requirements: ['SKI-135'] } },
            ],
            CardGetAlgorithmProperty: [
              { guard: 'faulty', actions: 'returnFault' },
              { guard: 'answeredHere', actions: ['returnHere', 'noteHere'] },
            ],
            CardGetKeyProperty: [
              { guard: 'faulty', actions: 'returnFault' },
              { guard: 'answeredHere', actions: ['returnHere', 'noteHere'] },
            ],
            CardSetKeyProperty: [
              { guard: 'faulty', actions: 'returnFault' },
              { guard: 'answeredHere', actions: ['returnHere', 'noteHere'] },
              { target: 'setting', actions: ['noteCall', 'askEnclave'], meta: { step: 24, requirements: ['SKI-139'] } },
            ],
            CardProcessEncryptedData: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'opening', actions: ['noteCall', 'askEnclave'], meta: { requirements: ['SKI-140'] } },
            ],
            CardDestroyKey: [
              { guard: 'faulty', actions: 'returnFault' },
              { target: 'destroying', actions: ['noteCall', 'askEnclave'], meta: { requirements: ['SKI-137'] } },
            ],
            CardDeleteContext: { target: 'leaving', actions: 'noteCall', meta: { requirements: ['SKI-121', 'SKI-143'] } },
            '*': [
              {
                guard: 'isCall',
                actions: 'returnUnsupported',
                description: 'only the eight functions have a place here',
                meta: { requirements: ['SKI-20', 'SKI-143'] },
              },
              { actions: 'reportStray', meta: { requirements: ['SKI-241'] } },
            ],
          },
        },
        importing: {
          description: 'A session key is loaded or derived.',
          meta: { step: 22, requirements: ['SKI-133', 'SKI-135', 'SKI-172'] },
          on: {
            'enclave.mdKeyReady': {
              target: 'ready',
              actions: ['giveServerKey', 'returnHandle'],
              meta: { step: 23, requirements: ['SKI-6', 'SKI-147', 'SKI-173'] },
            },
          },
        },
        encrypting: {
          description: 'A structure is sealed.',
          meta: { step: 24, requirements: ['SKI-134', 'SKI-174'] },
          on: { 'enclave.mdEncrypted': { target: 'ready', actions: 'returnBlobs', meta: { step: 25, requirements: ['SKI-175'] } } },
        },
        setting: {
          description: 'Mode or IV of a session key is set.',
          meta: { step: 24, requirements: ['SKI-139', 'SKI-174'] },
          on: { 'enclave.propertySet': { target: 'ready', actions: ['noteProperty', 'returnDone'], meta: { step: 24, requirements: ['SKI-139'] } } },
        },
        opening: {
          description: 'A response of the card is opened.',
          meta: { requirements: ['SKI-140', 'SKI-282'] },
          on: { 'enclave.responseOpened': { target: 'ready', actions: 'returnResponse', meta: { requirements: ['SKI-282'] } } },
        },
        destroying: {
          description: 'A session key is destroyed.',
          meta: { requirements: ['SKI-16', 'SKI-17', 'SKI-137'] },
          on: { 'enclave.destroyed': { target: 'ready', actions: ['takeKey', 'returnDone'], meta: { requirements: ['SKI-16', 'SKI-17'] } } },
        },
        leaving: {
          description: 'Every key of the context is destroyed before it is deleted.',
          meta: { requirements: ['SKI-17', 'SKI-19', 'SKI-121'] },
          always: [
            { guard: 'keysLeft', target: 'leavingOn', actions: 'destroyFirst' },
            { target: '#idle', actions: ['returnDone', 'reportDeleted'] },
          ],
        },
        leavingOn: {
          description: 'One key after the other.',
          meta: { requirements: ['SKI-17', 'SKI-121'] },
          on: {
            'enclave.destroyed': { target: 'leaving', actions: 'takeFirst' },
            'enclave.refused': { target: 'leaving', actions: 'takeFirst', description: 'already gone: the application has closed the session' },
          },
        },
      },
    },
  },
})
