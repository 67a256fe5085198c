/**
 * Vectors for the status codes of a minidriver: what each function returns, good calls and every fault of the specification's
 * table, in both modes. Every case is written by hand; nothing here comes from the project's own code.
 * @module
 */
import { anything, listOf, oneOf, text, vectorFile, whole, type Document } from './file.js'
import { SETUPS, STATUS, vectorOf } from './ski-status-cases.js'
import { goodCalls } from './ski-status-good.js'
import { atBadMoments } from './ski-status-moments.js'
import { found } from './ski-status-seen.js'
import { toldOf } from './ski-status-told.js'
import { FUNCTIONS, PRODUCT } from './ski-status-words.js'

const { product, version, offersNoCard, support, algorithms, containers } = PRODUCT

export const statuses = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/statuses',
      title: 'Status codes of a minidriver, by function and fault',
      about: [
        'Each test is a script: what a minidriver hears, in order, from its beginning without a context: first the script under "setups" that "setup" names, then "script". Calls have their published names and a number; what is not a call comes from the card (card.), the reader (reader.), the server’s enclave (enclave.) or the application (app.).',
        'The call whose number is "call" returns "status", whose number on Windows is "number", and what "returned" says; members that "returned" does not name are null. Meanwhile, from that call on, "asks" is said to card or enclave, and nothing else.',
        '"fault" is the name in table ski-statuses of spec/ski.md. A test without it is a good call.',
        `The product: name "${product}", version ${version}, ${containers} containers, ${algorithms.join(', ')}, ${offersNoCard ? 'with' : 'without'} no-card mode, key import support 0x${support.toString(16)}. "product" says where a test differs.`,
        'Against a DLL: give the calls their arguments. byte strings are base64url, null is NULL, "size" is cbData or cbOutput with null for as much as is needed, "input" of the server’s functions names a plaintext buffer. Bytes in these tests are of the right length and nothing more.',
      ],
      flags: {
        Good: 'A good call.',
        FoundAtOnce: 'A fault that the minidriver finds by itself: nothing is said to card or enclave.',
        FoundLater: 'A fault that card, enclave, reader or application tell.',
        CardMode: 'A context with a card, or one to be.',
        NoCardMode: 'A context without a card, or one to be.',
      },
      setups: SETUPS,
      members: {
        mode: oneOf(['card', 'no-card'], 'The mode of the context, or of the one that is asked for.'),
        function: oneOf([...FUNCTIONS, 'CardRSADecrypt'], 'The function that is called.'),
        fault: text('The name of the fault in table ski-statuses.'),
        product: anything('How the product differs from the one in "about".'),
        setup: oneOf(Object.keys(SETUPS), 'What the minidriver hears first: the name of a script under "setups".'),
        script: listOf({ type: 'object', required: ['type'] }, 'What it hears then.'),
        call: whole('The number of the judged call.'),
        asks: listOf({ type: 'object', required: ['type'] }, 'What it says to card or enclave from the judged call on.'),
        status: oneOf(Object.keys(STATUS), 'The status that the function returns.'),
        number: whole('Its number on Windows.'),
        returned: anything('What comes back beside the status.'),
      },
      always: ['flags', 'mode', 'function', 'setup', 'script', 'call', 'asks', 'status', 'number', 'returned'],
    },
    [...goodCalls(), ...found(), ...toldOf(), ...atBadMoments()].map(vectorOf),
  )
