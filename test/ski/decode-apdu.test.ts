/**
 * The decoder for people, on the APDUs of the vectors.
 * @module
 */
import * as assert from 'uvu/assert'
import { suite } from 'uvu'
import { describe, guess, STRUCTURE_TYPES } from '../../src/ski/decode/index.js'
import { load, type Vector } from '../vectors/load.js'
import { fieldOf, structureVectors, typeNamed } from './decode-support.js'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const command = (hex: string) => describe(bytesOf(hex), typeNamed('COMMAND_APDU'))
const response = (hex: string) => describe(bytesOf(hex), typeNamed('RESPONSE_APDU'))

const apdus = suite('decode: APDUs')

const all = load('ski/apdu').tests.map((vector) => vector as Vector & { kind: string; sent: readonly string[]; answered: readonly string[] })
const commands = all.filter(({ kind, sent }) => kind === 'command' && sent.length === 1 && sent[0] !== '')

apdus('there are many commands of one APDU', () => assert.ok(commands.length >= 100, `${commands.length}`))

/** To a card, whatever is wrong with the lengths of an APDU is one word. */
const LENGTHS = ['apdu_truncated', 'apdu_trailing_bytes', 'apdu_length_zero']

for (const { id, requirement, sent, result, expect } of commands) {
  // A single link of a chain, and GET RESPONSE out of turn, are good APDUs at the wrong time.
  const isTimely = expect !== 'apdu_chain_broken' && expect !== 'apdu_nothing_waits'
  apdus(`${requirement} ${id}`, () => {
    const bytes = bytesOf(sent[0]!)
    const told = describe(bytes, typeNamed('COMMAND_APDU'))
    for (const { offset, length } of told.fields) assert.ok(length > 0 && offset + length <= bytes.length)
    if (result === 'valid') {
      // What an establishment says is not looked at by the card's border, and the vectors have none that says anything.
      if (!told.fields.some(({ name }) => name === 'KFPK' || name === 'point')) assert.is(told.fault, null)
      assert.is(guess(bytes, STRUCTURE_TYPES)[0]?.type.name, 'COMMAND_APDU')
      // Every byte has its line.
      if (told.fault === null) assert.equal(covered(told.fields, bytes.length), [])
      return
    }
    if (!isTimely) return
    if (told.fault === null) return assert.ok(told.remarks.length > 0 || /GET RESPONSE/.test(fieldOf(told, 'INS').meaning))
    assert.ok(told.fault.code === expect || (expect === 'apdu_length_wrong' && LENGTHS.includes(told.fault.code)), told.fault.code)
  })
}

/** The offsets of bytes that have no line. */
function covered(fields: readonly { offset: number; length: number }[], length: number): number[] {
  return Array.from({ length }, (_, at) => at).filter((at) => !fields.some(({ offset, length: size }) => at >= offset && at < offset + size))
}

apdus('SKI-201 a PIN is not shown', () => {
  const told = command('00 20 00 01 06 393837363534')
  assert.is(fieldOf(told, 'PIN').value, '(secret, 6 bytes)')
  assert.is(fieldOf(told, 'PIN').offset, 5)
  assert.not.match(JSON.stringify(told), /393837363534|987654/)
})

apdus('SKI-190 names instruction and parameters', () => {
  const told = command('80 46 03 02 04 01000000')
  assert.match(fieldOf(told, 'INS').meaning, 'GENERATE')
  assert.is(fieldOf(told, 'P1').meaning, 'container')
  assert.is(fieldOf(told, 'P2').meaning, 'kind of key: rsa-3072')
  assert.is(fieldOf(told, 'PIN id').offset, 5)
  assert.match(fieldOf(command('83 50 00 00 10 00112233445566778899aabbccddeeff'), 'CLA').meaning, 'channel 3')
})

apdus('SKI-190 tells a fault of the data field from the start of the APDU', () => {
  const told = command('80 4c 00 00 12 00112233445566778899aabbccddeeff 01 02')
  assert.is(told.fault?.code, 'apdu_data_wrong')
  assert.is(told.fault?.offset, 5 + 17)
  assert.match(JSON.stringify(told.facts), '6A80')
  const parameters = command('80 4c 01 00 12 00112233445566778899aabbccddeeff 01 01')
  assert.is(parameters.fault?.offset, 2)
  const unknown = command('80 ff 00 00 02 0102')
  assert.is(unknown.fault?.offset, 1)
  assert.is(fieldOf(unknown, 'data').value, '(2 bytes)')
})

apdus('SKI-191 a link of a chain is told as one', () => {
  const told = command('90 d6 01 00 02 0102')
  assert.is(told.fault, null)
  assert.match(told.remarks.join(), 'chain')
  assert.match(fieldOf(command('00 c0 00 00 20'), 'INS').meaning, 'GET RESPONSE')
})

apdus('goes into what a command brings', () => {
  const header = (hex: string, length: number) => `${hex}00${length.toString(16).padStart(4, '0')}`
  const find = (name: string, id: string) => Buffer.from(structureVectors.find(({ vector, type }) => type.name === name && vector.id === id)!.bytes)
  const kfpk = find('KFPK', 'establishment_signature')
  const proven = command(header('804a0201', kfpk.length) + kfpk.toString('hex'))
  assert.is(fieldOf(proven, 'KFPK.cardId').offset, 7 + 60)
  const spoiled = Buffer.from(kfpk)
  spoiled[5] = 9
  const refused = command(header('804a0201', kfpk.length) + spoiled.toString('hex'))
  assert.is(refused.fault?.code, 'format_value_unknown')
  assert.is(refused.fault?.offset, 7 + 5)

  const point = find('BCRYPT_ECCKEY_BLOB', 'ecc_p256_ecdh_public')
  assert.is(fieldOf(command(`80540200${point.length.toString(16)}${point.toString('hex')}`), 'point.X').offset, 5 + 8)
  const map = find('cmapfile', 'map_two')
  assert.is(fieldOf(command(`80d60100${map.length.toString(16)}${map.toString('hex')}`), 'data.[1].bFlags').offset, 5 + 86 + 80)

  const blob = structureVectors.find(({ vector, type }) => type.name === 'KFSD' && vector.result === 'valid')!.bytes
  const data = Buffer.concat([Buffer.alloc(16, 5), Buffer.from([1, 3, 1, 0, 1, 0, 0, 0]), Buffer.from(Uint32Array.of(blob.length).buffer), blob])
  const processed = command(header('804e0000', data.length) + data.toString('hex'))
  assert.is(fieldOf(processed, 'blob 0.pinId').offset, 7 + 28 + 16)
  assert.is(processed.fault, null)
})

apdus('SKI-192 explains answers', () => {
  const told = response('63c2')
  assert.is(fieldOf(told, 'SW').value, '63C2')
  assert.match(fieldOf(told, 'SW').meaning, 'wrong PIN')
  assert.match(JSON.stringify(told.facts), 'SCARD_W_WRONG_CHV')
  const receipt = structureVectors.find(({ vector, type }) => type.name === 'KFRC' && vector.result === 'valid')!.bytes
  assert.is(fieldOf(response(`${Buffer.from(receipt).toString('hex')}9000`), 'data.identity').offset, 40)
  assert.is(fieldOf(response('0102039000'), 'data').value, '(3 bytes)')
  assert.is(response('01').fault?.code, 'apdu_truncated')
  assert.is(response('0000').fault?.code, 'status_word_invalid')
})
apdus.run()
