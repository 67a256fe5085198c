/**
 * Messages between minidriver and card for properties: everything that an APDU can say, and answers that fit their command.
 * @module
 */
import fc from 'fast-check'
import type { SessionAlgorithm, SkiHandle, SkiKeyKind, WrapPadding } from '../../src/ski/enclave/commands.js'
import type { CardToMinidriver, MinidriverToCard } from '../../src/ski/messages.js'

/** Bytes as base64url, made by Node and not by us. */
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
/** Bytes of hex with spaces. */
export const hex = (spaced: string): Uint8Array => Uint8Array.from(Buffer.from(spaced.replaceAll(/\s/g, ''), 'hex'))
/** Hex of bytes, upper case, as APDUs are written. */
export const shown = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

const ALGORITHM_CODE: Readonly<Record<SessionAlgorithm, number>> = { 'AES-128': 1, 'AES-192': 2, 'AES-256': 3, '3DES_112': 4, '3DES': 5 }
const PADDING_CODES: Readonly<Record<WrapPadding, readonly [number, number]>> = {
  pkcs1: [2, 0],
  'oaep-sha1': [8, 1],
  'oaep-sha256': [8, 2],
  'oaep-sha384': [8, 3],
  'oaep-sha512': [8, 4],
}

/** An establishment as far as the border looks at it: magic word, version, way, algorithm, padding, hash, and anything behind. */
export function establishment(way: number, algorithm: SessionAlgorithm, padding: WrapPadding | null, behind: Uint8Array): Uint8Array {
  const codes = padding === null ? [1, 0] : PADDING_CODES[padding]
  return Uint8Array.from([...Buffer.from('KFPK'), 1, way, ALGORITHM_CODE[algorithm], ...codes, ...behind])
}

/** A card's evidence as far as the border looks at it. */
export function evidence(purpose: number, spki: Uint8Array, proof: Uint8Array): Uint8Array {
  const u16 = (value: number) => [value & 0xff, value >> 8]
  return Uint8Array.from([
    ...Buffer.from('KFEV'),
    1,
    1,
    2,
    1,
    purpose,
    0,
    0,
    0,
    ...Buffer.alloc(32, 0x5a),
    ...u16(spki.length),
    ...u16(proof.length),
    ...spki,
    ...proof,
  ])
}

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength })
const byteText = (minLength: number, maxLength = minLength) => bytes(minLength, maxLength).map(text)
const channel = fc.integer({ min: 0, max: 3 })
const byte = fc.integer({ min: 0, max: 255 })
const dword = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 0xffffffff }))
const handle = bytes(16).map((raw) => Buffer.from(raw).toString('hex') as SkiHandle)
const algorithm = fc.constantFrom(...(Object.keys(ALGORITHM_CODE) as SessionAlgorithm[]))
const padding = fc.constantFrom(...(Object.keys(PADDING_CODES) as WrapPadding[]))
const file = fc.constantFrom('cmapfile' as const, 'certificate' as const)
const kind = fc.constantFrom<SkiKeyKind>('rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-P-256', 'ec-P-384', 'ec-P-521')
const kindOfEvidence = fc.constantFrom('plain' as const, 'attested' as const, 'sharedKey' as const)
const secureFunction = fc.constantFrom('Import Key Pair' as const, 'Change Authenticator' as const, 'Authenticate' as const)

type Of<Type extends MinidriverToCard['type']> = fc.Arbitrary<Extract<MinidriverToCard, { type: Type }>>
const message = <Type extends MinidriverToCard['type']>(type: Type, members: object): Of<Type> =>
  fc.record({ type: fc.constant(type), channel, ...members }, { noNullPrototype: true }) as Of<Type>

const provenImport = fc.tuple(
  message('apdu.importSessionKey', { container: byte, algorithm, padding, proven: fc.constant(true), input: fc.constant('') }),
  bytes(71, 900),
)
const provenShare = fc.tuple(
  message('apdu.shareKey', { way: fc.constantFrom('shared', 'derived'), algorithm, proven: fc.constant(true), input: fc.constant('') }),
  bytes(71, 400),
)
const provenDerive = fc.tuple(message('apdu.deriveKey', { agreement: handle, algorithm, proven: fc.constant(true), input: fc.constant('') }), bytes(71, 400))

/** Every command that an APDU can say, by message. */
export const commands: fc.Arbitrary<MinidriverToCard> = fc.oneof(
  message('apdu.select', {}),
  message('apdu.capabilities', {}),
  message('apdu.challenge', {}),
  message('apdu.readFile', { file, container: byte }),
  message('apdu.writeFile', { file, container: byte, data: byteText(0, 2000) }),
  message('apdu.generate', { container: byte, kind, pinId: dword }),
  message('apdu.readKey', { container: byte, evidence: kindOfEvidence }),
  message('apdu.importSessionKey', { container: byte, algorithm, padding, proven: fc.constant(false), input: byteText(1, 600) }),
  provenImport.map(([said, behind]) => ({ ...said, input: text(establishment(1, said.algorithm, said.padding, behind)) })),
  message('apdu.shareKey', { way: fc.constant('shared'), algorithm: fc.constant('AES-256'), proven: fc.constant(false), input: fc.constant(null) }),
  message('apdu.shareKey', { way: fc.constant('derived'), algorithm, proven: fc.constant(false), input: byteText(32) }),
  provenShare.map(([said, behind]) => ({ ...said, input: text(establishment(3, said.algorithm, null, behind)) })),
  message('apdu.agree', { container: byte, peer: byteText(1, 140) }),
  message('apdu.deriveKey', { agreement: handle, algorithm, proven: fc.constant(false), input: byteText(32) }),
  provenDerive.map(([said, behind]) => ({ ...said, input: text(establishment(2, said.algorithm, null, behind)) })),
  message('apdu.setKeyProperty', { key: handle, mode: fc.constant('CBC'), iv: fc.constant(null) }),
  message('apdu.setKeyProperty', { key: handle, mode: fc.constant(null), iv: byteText(1, 32) }),
  message('apdu.processSealed', {
    key: handle,
    function: secureFunction,
    container: fc.option(fc.integer({ min: 0, max: 254 })),
    flags: dword,
    blobs: fc.array(byteText(0, 900), { maxLength: 16 }),
  }),
  message('apdu.destroyKey', { key: handle }),
  message('apdu.deleteContainer', { container: byte }),
  message('apdu.verify', { pinId: byte, pin: fc.option(byteText(1, 64)) }),
  message('apdu.deauthenticate', { pinId: byte }),
)

const statusWord = fc
  .integer({ min: 0x6000, max: 0x9fff })
  .filter((sw) => (sw >> 12 === 6 || sw >> 12 === 9) && sw >> 8 !== 0x60 && sw >> 8 !== 0x61 && sw !== 0x9000)
const purpose = fc.constantFrom('user' as const, 'session' as const, 'agreement' as const)

/** What a card may answer to a command, refusals among it. */
export function answersTo(command: MinidriverToCard): fc.Arbitrary<CardToMinidriver> {
  const answer = (type: CardToMinidriver['type'], members: object): fc.Arbitrary<CardToMinidriver> =>
    fc.record({ type: fc.constant(type), channel: fc.constant(command.channel), ...members }, { noNullPrototype: true }) as fc.Arbitrary<CardToMinidriver>
  const good = (): fc.Arbitrary<CardToMinidriver> => {
    switch (command.type) {
      case 'apdu.select':
        return answer('card.selected', { cardId: byteText(16), product: fc.string({ unit: 'grapheme', maxLength: 10 }), version: byte })
      case 'apdu.capabilities':
        return answer('card.capabilities', {
          mask: dword,
          algorithms: fc.uniqueArray(algorithm),
          paddings: dword,
          modes: fc.array(fc.constant('CBC'), { maxLength: 1 }),
        })
      case 'apdu.challenge':
        return answer('card.challenge', { nonce: byteText(16) })
      case 'apdu.readFile':
        return answer('card.file', { data: byteText(0, 3000) })
      case 'apdu.readKey':
        if (command.evidence === 'plain') return answer('card.publicKey', { purpose, spki: byteText(1, 600), evidence: fc.constant(null) })
        return fc.tuple(purpose, bytes(0, 600), bytes(0, 200)).map(([name, spki, proof]) => ({
          type: 'card.publicKey',
          channel: command.channel,
          purpose: name,
          spki: text(spki),
          evidence: text(evidence(['user', 'session', 'agreement'].indexOf(name), spki, proof)),
        }))
      case 'apdu.importSessionKey':
      case 'apdu.shareKey':
      case 'apdu.deriveKey':
        return answer('card.sessionKey', { key: handle, nonce: fc.option(byteText(16)), receipt: fc.option(byteText(104)) })
      case 'apdu.agree':
        return answer('card.agreement', { agreement: handle })
      case 'apdu.processSealed':
        return answer('card.processed', { output: fc.option(byteText(1, 700)) })
      default:
        return answer('card.done', {})
    }
  }
  return fc.oneof({ weight: 4, arbitrary: good() }, { weight: 1, arbitrary: answer('card.refused', { sw: statusWord }) })
}
