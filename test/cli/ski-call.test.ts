/** `keyferry ski call`: the example, both modes, what happens around calls, and what is wrong with a script and where. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FUNCTIONS } from '../../src/ski/calls.js'
import { fresh, given, keyferry, type Ran } from './harness.js'

const test = suite('keyferry ski call')

interface Made {
  readonly at: string
  readonly name: string
  readonly function: string
  readonly given: string
  readonly status: number
  readonly statusText: string
  readonly data: string | null
  readonly handle: number | null
  readonly blobs: readonly string[] | null
  readonly spki: string | null
  readonly length: number | null
  readonly apdus: readonly string[]
}
interface Told {
  readonly ok: boolean
  readonly stopped: { readonly at: string; readonly message: string } | null
  readonly different: number
  readonly calls: readonly Made[]
}
const told = ({ json }: Ran) => json as Told
const write = (script: unknown) => given(fresh('json').split('/').at(-1)!, typeof script === 'string' ? script : JSON.stringify(script))
const play = (script: unknown, ...words: string[]) => keyferry(['ski', 'call', write(script), ...words])
const played = async (script: unknown) => told(await play(script, '--json'))
const statuses = ({ calls }: Told) => calls.map((call) => `${call.function} ${call.statusText}`)

const ACQUIRE = { call: 'CardAcquireContext' }
const NO_CARD = { call: 'CardAcquireContext', flags: 1 }
/** "test PIN of user", which the card has unless a script says otherwise. */
const PIN = { testValue: '746573742050494e206f662075736572' }
const KEY_BLOB = { testValue: `4b44424d0100000010000000${'00112233445566778899aabbccddeeff'}` }
const MODE = { call: 'CardSetKeyProperty', property: 'ChainingMode', input: { text: 'ChainingModeCBC' } }
const IV = { call: 'CardSetKeyProperty', property: 'IV', input: { hex: '202122232425262728292a2b2c2d2e2f' } }

test('SKI-120 to SKI-149 the example: every call returns what is due', async () => {
  const ran = await keyferry(['ski', 'call', 'example', '--json'])
  assert.is(ran.exit, 0)
  const { ok, stopped, different, calls } = told(ran)
  assert.equal({ ok, stopped, different, calls: calls.length }, { ok: true, stopped: null, different: 0, calls: 25 })
  // The key of RFC 6979, A.2.5, as the card shows it in the end.
  const shown = createPublicKey({ key: Buffer.from(calls[19]!.spki!, 'hex'), format: 'der', type: 'spki' })
  const d = Buffer.from('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721', 'hex')
  const [x, y] = ['60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6', '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299']
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: d.toString('base64url'),
    x: Buffer.from(x, 'hex').toString('base64url'),
    y: Buffer.from(y, 'hex').toString('base64url'),
  }
  const expected = createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' }))
  assert.ok(shown.equals(expected))
})

test('a person sees name, context, call, status, what came back, and the arguments', async () => {
  const ran = await keyferry(['ski', 'call', 'example'])
  assert.is(ran.exit, 0)
  assert.match(ran.out, /^hs +server +MDImportSessionKey +SCARD_S_SUCCESS \(0x00000000\) +handle 1 +- +algorithm "AES", input test value of 44 bytes$/m)
  assert.match(ran.out, /^11 +server +CardGetContainerInfo +SCARD_E_UNSUPPORTED_FEATURE \(0x80100022\)/m)
  assert.match(ran.out, /^25 calls, 25 with a status that is due, 0 of them different$/m)
  // Not even a test value is repeated where it stands for a secret.
  assert.not.match(ran.out, 'c9afa9d8')
  assert.not.match(ran.out, '000102030405')
})

test('the example is printed, and runs again from its file', async () => {
  const printed = await keyferry(['ski', 'call', 'example', '--print', 'script'])
  assert.is(printed.exit, 0)
  const again = await play(printed.out, '--json')
  assert.equal(statuses(told(again)), statuses(told(await keyferry(['ski', 'call', 'example', '--json']))))
})

test('the same seed gives the same bytes, another seed others', async () => {
  const script = { calls: [ACQUIRE, { call: 'CardGetProperty', property: 'Card Identifier' }] }
  const [a, b, c] = [
    await play(script, '--json', '--seed', 'one'),
    await play(script, '--json', '--seed', 'one'),
    await play(script, '--json', '--seed', 'two'),
  ]
  assert.equal(a.json, b.json)
  assert.not.equal(a.json, c.json)
})

test('SKI-97 a status that is not the one that is due is told with its place, and the exit code is 1', async () => {
  const ran = await play({
    calls: [
      { ...ACQUIRE, expect: 0 },
      { call: 'CardGetProperty', property: 'No Such Property', expect: 'SCARD_E_UNSUPPORTED_FEATURE' },
    ],
  })
  assert.is(ran.exit, 1)
  assert.match(ran.out, 'calls[1]: CardGetProperty returned SCARD_E_INVALID_PARAMETER (0x80100004), and SCARD_E_UNSUPPORTED_FEATURE (0x80100022) is due')
  assert.match(ran.out, /^2 calls, 2 with a status that is due, 1 of them different$/m)
})

test('SKI-20 SKI-143 SKI-144 in no-card mode eight functions and CardDeleteContext are accepted, in card mode two are not', async () => {
  const calls = FUNCTIONS.filter((name) => name !== 'CardAcquireContext' && name !== 'CardDeleteContext').map((call) => SPARE[call]!)
  const { calls: noCard } = await played({ calls: [NO_CARD, ...calls] })
  const eight = [
    'MDImportSessionKey',
    'MDEncryptData',
    'CardGetSharedKeyHandle',
    'CardGetAlgorithmProperty',
    'CardDestroyKey',
    'CardGetKeyProperty',
    'CardSetKeyProperty',
    'CardProcessEncryptedData',
  ]
  for (const { function: name, status, apdus } of noCard.slice(1)) {
    assert.is(status === 0x80100022, !eight.includes(name), name)
    assert.equal(apdus, [], name)
  }
  const { calls: card } = await played({ calls: [ACQUIRE, ...calls] })
  // No property of this card can be set.
  for (const { function: name, status } of card) assert.is(status === 0x80100022, name.startsWith('MD') || name === 'CardSetProperty', name)
})

/** One call of each function, with arguments that mean nothing. */
const SPARE: Readonly<Record<string, { readonly call: string; readonly [member: string]: unknown }>> = Object.fromEntries(
  [
    { call: 'CardGetProperty', property: 'Algorithms', flags: 1 },
    { call: 'CardSetProperty', property: 'Key Import Support', input: { u32: 1 } },
    { call: 'CardReadFile', directory: 'mscp', file: 'cmapfile' },
    { call: 'CardWriteFile', directory: 'mscp', file: 'cmapfile', data: { hex: '' } },
    { call: 'CardCreateContainer', containerIndex: 0, flags: 9, keySpec: 1, keySize: 2048 },
    { call: 'CardCreateContainerEx', containerIndex: 0, flags: 9, keySpec: 1, keySize: 2048, pinId: 1 },
    { call: 'CardDeleteContainer', containerIndex: 0 },
    { call: 'CardGetContainerInfo', containerIndex: 0 },
    { call: 'CardGetContainerProperty', containerIndex: 0, property: 'x' },
    { call: 'CardQueryKeySizes', keySpec: 1 },
    { call: 'CardConstructDHAgreement', containerIndex: 0, publicKey: null },
    { call: 'CardDeriveKey', flags: '0x1000000', kdf: 'SP800_56A_CONCAT', agreement: 1, parameters: null, algorithm: 'AES', keyLength: 256 },
    { call: 'CardDestroyDHAgreement', agreement: 1 },
    { call: 'CardAuthenticateEx', pinId: 1, pin: PIN },
    { call: 'CardDeauthenticateEx', pins: 2 },
    { call: 'CardImportSessionKey', containerIndex: 0, algorithm: 'AES', input: null, flags: 2 },
    { call: 'MDImportSessionKey', algorithm: 'AES', input: null },
    { call: 'MDEncryptData', handle: 9, function: 'Authenticate', input: null },
    { call: 'CardGetSharedKeyHandle', input: { hex: '00' } },
    { call: 'CardGetAlgorithmProperty', algorithm: 'AES', property: 'BlockLength' },
    { call: 'CardDestroyKey', handle: 9 },
    { call: 'CardGetKeyProperty', handle: 9, property: 'IV' },
    { call: 'CardSetKeyProperty', handle: 9, property: 'IV', input: null },
    { call: 'CardProcessEncryptedData', handle: 9, function: 'Authenticate', blobs: [{ hex: '00' }] },
  ].map((call) => [call.call, call]),
)

test('SKI-135 SKI-282 a derived key on both sides, a PIN under it, and the card’s enciphered response', async () => {
  const [client, server] = [{ context: 'client' }, { context: 'server' }]
  const result = await played({
    calls: [
      { ...ACQUIRE, ...client },
      { call: 'CardGetProperty', property: 'Card Identifier', as: 'id', ...client },
      { offer: 'derived', as: 'offer', ...server, cardId: '$id.data' },
      { call: 'CardGetSharedKeyHandle', as: 'hc', ...client, input: '$offer.data' },
      { ...NO_CARD, ...server },
      { call: 'CardGetSharedKeyHandle', as: 'hs', ...server, input: '$hc.data' },
      { ...MODE, ...server, handle: '$hs.handle' },
      { ...IV, ...server, handle: '$hs.handle' },
      {
        call: 'MDEncryptData',
        as: 'sealed',
        ...server,
        handle: '$hs.handle',
        function: 'Authenticate',
        input: { testValue: `07000000000000000100000010000000${PIN.testValue}` },
      },
      { ...MODE, ...client, handle: '$hc.handle' },
      { ...IV, ...client, handle: '$hc.handle' },
      { call: 'CardProcessEncryptedData', as: 'answer', ...client, handle: '$hc.handle', function: 'Authenticate', blobs: '$sealed.blobs' },
      { call: 'CardProcessEncryptedData', ...server, handle: '$hs.handle', function: 'Authenticate', blobs: ['$answer.data'] },
    ],
  })
  assert.equal(
    result.calls.map(({ status }) => status),
    result.calls.map(() => 0),
  )
  assert.is(result.calls.at(-1)!.length, 3, 'tries left')
  assert.is(result.calls.at(-1)!.data, null, 'and nothing else')
})

test('SKI-283 SKI-285 at the PIN pad: the right PIN, a wrong one, none', async () => {
  const verify = { call: 'CardAuthenticateEx', pinId: 1, pin: null }
  const { calls } = await played({ calls: [ACQUIRE, verify, { pad: { testValue: '30303030' } }, verify, { pad: null }, verify, verify] })
  assert.equal(
    calls.slice(1).map(({ statusText, length }) => [statusText, length]),
    [
      ['SCARD_S_SUCCESS (0x00000000)', null],
      ['SCARD_W_WRONG_CHV (0x8010006B)', 2],
      ['SCARD_E_UNEXPECTED (0x8010001F)', null],
      ['SCARD_S_SUCCESS (0x00000000)', null],
    ],
  )
})

test('SKI-247 a card that is taken out, reset, put back', async () => {
  const destroy = { call: 'CardDestroyKey', handle: 1 }
  const { calls } = await played({
    calls: [ACQUIRE, { reader: 'reset' }, destroy, { reader: 'removed' }, destroy, { call: 'CardDeleteContext' }, ACQUIRE, { reader: 'inserted' }, ACQUIRE],
  })
  assert.equal(
    calls.map(({ statusText }) => statusText.split(' ')[0]),
    ['SCARD_S_SUCCESS', 'SCARD_W_RESET_CARD', 'SCARD_W_REMOVED_CARD', 'SCARD_S_SUCCESS', 'SCARD_E_NO_SMARTCARD', 'SCARD_S_SUCCESS'],
  )
  const none = await played({ card: { inserted: false }, calls: [ACQUIRE] })
  assert.is(none.calls[0]!.statusText, 'SCARD_E_NO_SMARTCARD (0x8010000C)')
})

test('SKI-141 a session key under K1, with each padding; a key of another length does not fit', async () => {
  const made = [
    ACQUIRE,
    { call: 'CardAuthenticateEx', pinId: 1, pin: PIN },
    { call: 'CardCreateContainerEx', containerIndex: 0, flags: 1, keySpec: 1, keySize: 2048, pinId: 1 },
    { call: 'CardGetContainerInfo', as: 'k1', containerIndex: 0 },
  ]
  const wrapped = (padding: string, testValue = `4b44424d0100000020000000${'00'.repeat(32)}`) => ({ wrapped: { testValue, under: '$k1.spki', padding } })
  const importing = { call: 'CardImportSessionKey', containerIndex: 0, algorithm: 'AES' }
  const { calls } = await played({
    calls: [
      ...made,
      { ...importing, flags: 2, input: wrapped('pkcs1') },
      ...['SHA1', 'SHA256', 'SHA384', 'SHA512'].map((hash) => ({
        ...importing,
        flags: 8,
        paddingInfo: { hash },
        input: wrapped(`oaep-${hash.toLowerCase()}`),
      })),
      { ...importing, flags: 8, paddingInfo: { hash: 'SHA256' }, input: wrapped('oaep-sha1') },
    ],
  })
  assert.equal(
    calls.slice(4).map(({ status }) => status),
    [0, 0, 0, 0, 0, 0x8010001f],
  )
  const long = await played({ calls: [...made, { ...importing, flags: 2, input: wrapped('pkcs1', '00'.repeat(246)) }] })
  assert.equal(long.stopped, { at: 'calls[4]', message: 'test value of 246 bytes does not fit under $k1.spki: 245 bytes do' })
})

test('a reference to what was not returned ends the script there, and what was done is shown', async () => {
  const ran = await play({
    calls: [
      NO_CARD,
      { call: 'MDImportSessionKey', as: 'key', algorithm: 'DES', input: KEY_BLOB },
      { call: 'CardDestroyKey', handle: '$key.handle' },
      { call: 'CardDeleteContext' },
    ],
  })
  assert.is(ran.exit, 1)
  assert.match(ran.out, 'calls[2]: $key.handle is not there: entry key returned none; nothing after it was done')
  assert.match(ran.out, /^2 calls,/m)
})

test('SKI-65 the bound format: a key that is for a session, and sealed data with a header', async () => {
  const id = { hex: '00'.repeat(16) }
  const { calls } = await played({
    profile: 'hardened',
    calls: [
      NO_CARD,
      { call: 'MDImportSessionKey', as: 'key', algorithm: 'AES', input: { ...KEY_BLOB, context: { session: id, serverNonce: id, cardNonce: id, cardId: id } } },
      { ...MODE, handle: '$key.handle' },
      { ...IV, handle: '$key.handle' },
      { call: 'MDEncryptData', handle: '$key.handle', function: 'Authenticate', input: { testValue: `07000000000000000100000010000000${PIN.testValue}` } },
    ],
  })
  assert.equal(
    calls.map(({ status }) => status),
    [0, 0, 0, 0, 0],
  )
  assert.match(calls[4]!.blobs![0]!, /^4b465344/)
})

const ajv = new Ajv2020({ strict: false })

test('the schema takes what the reader takes', async () => {
  const schema = await keyferry(['ski', 'call', 'example', '--print', 'schema', '--json'])
  const validate = ajv.compile(schema.json as object)
  const example = await keyferry(['ski', 'call', 'example', '--print', 'script', '--json'])
  assert.ok(validate(example.json), JSON.stringify(validate.errors?.[0]))
  for (const call of Object.values(SPARE)) assert.ok(validate({ calls: [call] }), call.call)
  for (const [wrong] of WRONG) if (typeof wrong === 'object' && !BEYOND_SCHEMA.includes(wrong)) assert.not.ok(validate(wrong), JSON.stringify(wrong))
})

/** What a schema cannot say: names that stand twice, references to nothing. */
const BEYOND_SCHEMA: unknown[] = []
const beyond = <T>(script: T): T => {
  BEYOND_SCHEMA.push(script)
  return script
}

const WRONG: readonly (readonly [script: unknown, message: string])[] = [
  ['{', 'the script: '],
  ['{"calls": [], "calls": []}', 'the script: '],
  [[], 'the script, at its top: an object is wanted'],
  [{}, 'the script, calls: a list of 1 to 500 entries is wanted'],
  [{ calls: [] }, 'the script, calls: a list of 1 to 500 entries is wanted'],
  [{ calls: [ACQUIRE], profil: 'x' }, 'the script, at its top: there is no member "profil"\n  Did you mean profile?'],
  [{ calls: [ACQUIRE], profile: 'open' }, 'the script, profile: one of published, hardened is wanted'],
  [{ calls: [ACQUIRE], card: { pins: [{ id: 9, testValue: '30303030' }] } }, 'the script, card.pins[0].id: a number from 1 to 7 is wanted'],
  [{ calls: [ACQUIRE], card: { pins: [{ id: 1, testValue: '3030' }] } }, 'the script, card.pins[0].testValue: 4 to 127 bytes in hex are wanted'],
  [{ calls: [{}] }, 'the script, calls[0]: one of call, reader, pad and offer is wanted'],
  [{ calls: [{ call: 'CardAquireContext' }] }, 'the script, calls[0].call: there is no function "CardAquireContext"\n  Did you mean CardAcquireContext?'],
  [{ calls: [{ call: 7 }] }, 'the script, calls[0].call: the name of a function is wanted'],
  [{ calls: [ACQUIRE, { call: 'CardDestroyKey' }] }, 'the script, calls[1]: CardDestroyKey has an argument handle, which is missing'],
  [{ calls: [{ ...ACQUIRE, flag: 0 }] }, 'the script, calls[0]: there is no member "flag"\n  Did you mean flags?'],
  [{ calls: [{ ...ACQUIRE, flags: '1' }] }, 'the script, calls[0].flags: a whole number, "0x…" or a reference is wanted'],
  [{ calls: [{ ...ACQUIRE, allocators: 1 }] }, 'the script, calls[0].allocators: true or false is wanted'],
  [{ calls: [{ ...ACQUIRE, cardName: 7 }] }, 'the script, calls[0].cardName: a text, or null, is wanted'],
  [{ calls: [{ ...ACQUIRE, atr: { hex: '3' } }] }, 'the script, calls[0].atr.hex: hexadecimal digits'],
  [{ calls: [{ ...ACQUIRE, atr: { base64: '3' } }] }, 'the script, calls[0].atr: there is no member "base64"'],
  [{ calls: [{ ...ACQUIRE, atr: {} }] }, 'the script, calls[0].atr: bytes are wanted'],
  [{ calls: [{ ...MODE, handle: 1, input: { u32: -1 } }] }, 'the script, calls[0].input.u32: an unsigned 32-bit number is wanted'],
  [beyond({ calls: [{ ...MODE, handle: 1, input: { text: 'a\0' } }] }), 'the script, calls[0].input.text: a well-formed text without NUL is wanted'],
  [{ calls: [{ ...MODE, handle: 1, input: { concat: 1 } }] }, 'the script, calls[0].input.concat: a list is wanted'],
  [beyond({ calls: [{ ...MODE, handle: '$key.handle' }] }), 'the script, calls[0].handle: there is no entry key before this one'],
  [beyond({ calls: [{ ...MODE, handle: '$1.handle' }] }), 'the script, calls[0].handle: there is no entry 1 before this one'],
  [{ calls: [ACQUIRE, { ...MODE, handle: '$1.hand' }] }, 'the script, calls[1].handle: an entry has no hand'],
  [{ calls: [ACQUIRE, { ...MODE, handle: '$handle' }] }, 'the script, calls[1].handle: "$handle" is no reference'],
  [
    beyond({
      calls: [
        { ...ACQUIRE, as: 'a' },
        { ...ACQUIRE, as: 'a' },
      ],
    }),
    'the script, calls[1].as: another entry is called a',
  ],
  [{ calls: [{ ...ACQUIRE, as: 'a b' }] }, 'the script, calls[0].as: a name of letters'],
  [{ calls: [{ ...ACQUIRE, context: '' }] }, 'the script, calls[0].context: a name of letters'],
  [
    beyond({ calls: ['a', 'b', 'c', 'd', 'e'].map((context) => ({ ...ACQUIRE, context })) }),
    'the script, calls: there are 5 contexts, and a card has 4 channels',
  ],
  [
    beyond({ calls: [{ ...ACQUIRE, expect: 'SCARD_S_SUCESS' }] }),
    'the script, calls[0].expect: a status is wanted: its name, a number, or "0x…"\n  Did you mean SCARD_S_SUCCESS?',
  ],
  [{ calls: [{ reader: 'broken' }] }, 'the script, calls[0].reader: one of removed, reset, inserted is wanted'],
  [{ calls: [{ pad: '1234' }] }, 'the script, calls[0].pad: a marked test value'],
  [{ calls: [{ offer: 'session', cardId: { hex: '00' } }] }, 'the script, calls[0].offer: one of shared, derived is wanted'],
  [{ calls: [{ offer: 'shared' }] }, 'the script, calls[0].cardId: is missing'],
  [{ calls: [{ call: 'CardAuthenticateEx', pinId: 1, pin: '1234' }] }, 'the script, calls[0].pin: a marked test value'],
  [{ calls: [{ call: 'MDImportSessionKey', algorithm: 'AES', input: { hex: '00' } }] }, 'the script, calls[0].input: there is no member "hex"'],
  [
    beyond({ calls: [{ call: 'MDImportSessionKey', algorithm: 'AES', input: { ...KEY_BLOB, overwrite: true } }] }),
    'the script, calls[0].input.overwrite: only a structure has it',
  ],
  [
    { calls: [{ call: 'MDImportSessionKey', algorithm: 'AES', input: { ...KEY_BLOB, context: { session: { hex: '' } } } }] },
    'the script, calls[0].input.context.serverNonce: is missing',
  ],
  [{ calls: [{ call: 'CardProcessEncryptedData', handle: 1, function: 'Authenticate', blobs: {} }] }, 'the script, calls[0].blobs: a list of bytes'],
  [
    { calls: [{ call: 'CardImportSessionKey', containerIndex: 0, algorithm: 'AES', flags: 8, paddingInfo: {}, input: null }] },
    'the script, calls[0].paddingInfo.hash: a text is wanted',
  ],
  [
    { calls: [{ call: 'CardImportSessionKey', containerIndex: 0, algorithm: 'AES', flags: 8, input: { wrapped: { testValue: '00', padding: 'pkcs1' } } }] },
    'the script, calls[0].input.wrapped.under: is missing',
  ],
]

test('what is wrong with a script is told with its place, before any call is made', async () => {
  for (const [script, message] of WRONG) {
    const ran = await play(script)
    assert.is(ran.exit, 4, `${JSON.stringify(script)}: ${ran.out}`)
    assert.ok(ran.err.includes(message), `${ran.err} lacks ${message}`)
    assert.is(ran.out, '')
  }
})

test('a script that cannot be read, and wrong usage', async () => {
  assert.is((await keyferry(['ski', 'call', fresh('json')])).exit, 4)
  assert.is((await keyferry(['ski', 'call', given('binary.json', Uint8Array.of(0xff, 0xfe))])).exit, 4)
  assert.is((await keyferry(['ski', 'call'])).exit, 2)
  assert.is((await keyferry(['ski', 'call', 'example', '--print', 'code'])).exit, 2)
})

test.run()
