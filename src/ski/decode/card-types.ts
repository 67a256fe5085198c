/**
 * In words: what a minidriver tells about a card: its containers, their public keys, the sizes that it offers.
 *
 * Requirements: SKI-90 to SKI-92, SKI-102.
 * @module
 */
import { recogniseKeyBlob } from '../blobs/convert.js'
import { CONTAINER_FLAGS } from '../constants/flags.js'
import { CONTAINER_INFO, decodeContainerInfo } from '../structures/container-info.js'
import { CONTAINER_RECORD_BYTES, decodeContainerMap, decodeContainerRecord } from '../structures/container-map.js'
import { decodeKeySizes } from '../structures/key-sizes.js'
import { bothAbis, pointerAt } from './abi.js'
import { bitsOf, counted, lengthOf, mask, nested, number, text, version } from './explain.js'
import { CAPI_PUBLIC, ECC_KEY } from './key-types.js'
import { readingOf, type Member, type Sign, type StructureType, type View } from './types.js'

/** `CARD_KEY_SIZES`. */
const KEY_SIZES: StructureType = {
  name: 'CARD_KEY_SIZES',
  structure: 'CARD_KEY_SIZES',
  abi: null,
  title: 'the key sizes that a card offers',
  requirement: 'SKI-91',
  read: readingOf(decodeKeySizes),
  members: {
    dwVersion: version(1),
    dwMinimumBitlen: bitsOf('smallest size'),
    dwDefaultBitlen: bitsOf('size where none is asked for'),
    dwMaximumBitlen: bitsOf('largest size'),
    dwIncrementalBitlen: bitsOf('step from one size to the next'),
  },
  signs: [
    [32, (view) => view.u32(0) === 1],
    [40, (view) => [4, 8, 12].every((at) => view.u32(at) > 0 && view.u32(at) <= 16384)],
    [16, (view) => view.length >= 16 && view.u32(4) <= view.u32(8) && view.u32(8) <= view.u32(12)],
    [8, (view) => view.length === 20],
  ],
}

const RECORD_MEMBERS: Readonly<Record<string, Member>> = {
  wszGuid: text((name) => (name === '' ? 'name of the container; none here' : 'name of the container')),
  bFlags: mask(CONTAINER_FLAGS, 'flags', 'free'),
  bReserved: counted('reserved'),
  wSigKeySizeBits: bitsOf('signature key, 0 for none'),
  wKeyExchangeKeySizeBits: bitsOf('exchange key, 0 for none'),
}

/** A record is zeros, or a name in UTF-16LE that ends before its field does, flags of a container and sizes of keys. */
function recordSigns(start: number): readonly Sign[] {
  const isFree = (view: View) => view.zero(start, CONTAINER_RECORD_BYTES - 1)
  return [
    [20, (view) => isFree(view) || (view.u16(start) >= 0x20 && view.u16(start) < 0xd800)],
    [12, (view) => view.u16(start + 78) === 0],
    [16, (view) => view.u8(start + 80) >= 0 && view.u8(start + 80) <= 3 && view.u8(start + 81) === 0],
    [16, (view) => view.u16(start + 82) >= 0 && view.u16(start + 82) <= 16384],
  ]
}

/** `CONTAINER_MAP_RECORD`. */
const CONTAINER_RECORD: StructureType = {
  name: 'CONTAINER_MAP_RECORD',
  structure: 'CONTAINER_MAP_RECORD',
  abi: null,
  title: 'one record of the container map',
  requirement: 'SKI-92',
  read: readingOf(decodeContainerRecord, (record) => ({ facts: [{ name: 'container', value: record === null ? 'free' : 'taken' }] })),
  members: RECORD_MEMBERS,
  signs: [[24, (view) => view.length === CONTAINER_RECORD_BYTES], ...recordSigns(0)],
}

/** `mscp/cmapfile`. */
export const CONTAINER_MAP: StructureType = {
  name: 'cmapfile',
  structure: 'cmapfile',
  abi: null,
  title: 'the container map of a card',
  requirement: 'SKI-92',
  read: readingOf(decodeContainerMap, (records) => ({
    facts: [{ name: 'containers', value: `${records.filter((record) => record !== null).length} taken of ${records.length} records` }],
  })),
  members: RECORD_MEMBERS,
  signs: [
    [16, (view) => view.length > CONTAINER_RECORD_BYTES && view.length % CONTAINER_RECORD_BYTES === 0],
    ...recordSigns(0),
    [24, (view) => view.length >= 2 * CONTAINER_RECORD_BYTES - 1 && recordSigns(CONTAINER_RECORD_BYTES).every(([, holds]) => holds(view))],
  ],
}

const publicKeyBlob = (bytes: Uint8Array): StructureType => (recogniseKeyBlob(bytes)?.startsWith('ECC') === true ? ECC_KEY : CAPI_PUBLIC)

const containerInfo = bothAbis((abi) => {
  const place = new Map(CONTAINER_INFO[abi].members.map(({ name, offset }) => [name, offset] as const))
  const member = (view: View, name: Parameters<typeof place.get>[0]) =>
    name.startsWith('pb') ? pointerAt(view, place.get(name)!, abi) : view.u32(place.get(name)!)
  const { size } = CONTAINER_INFO[abi]
  return {
    structure: 'CONTAINER_INFO',
    title: 'the public keys of a container, with the buffers behind the structure',
    requirement: 'SKI-90',
    read: readingOf((bytes, observe) => decodeContainerInfo(bytes, abi, observe)),
    members: {
      dwVersion: version(1),
      dwReserved: number('reserved, 0'),
      cbSigPublicKey: lengthOf('the signature key, 0 for none'),
      pbSigPublicKey: number('where the signature key stands, as an offset; 0 for none'),
      cbKeyExPublicKey: lengthOf('the exchange key, 0 for none'),
      pbKeyExPublicKey: number('where the exchange key stands, as an offset; 0 for none'),
      padding: counted('padding'),
      'signature key': nested('the public signature key', publicKeyBlob),
      'exchange key': nested('the public exchange key', publicKeyBlob),
    },
    signs: [
      [32, (view) => view.u32(0) === 1],
      [32, (view) => view.u32(4) === 0],
      [32, (view) => view.length >= size && member(view, 'cbSigPublicKey') + member(view, 'cbKeyExPublicKey') === view.length - size],
      [24, (view) => isFirstOf(member(view, 'pbSigPublicKey'), member(view, 'cbSigPublicKey'), size)],
      [24, (view) => isFirstOf(member(view, 'pbKeyExPublicKey'), member(view, 'cbKeyExPublicKey'), size + member(view, 'cbSigPublicKey'))],
    ],
  }
})

const isFirstOf = (pointerValue: number, length: number, wanted: number): boolean => length >= 0 && pointerValue === (length === 0 ? 0 : wanted)

/** All of this file. */
export const CARD_TYPES: readonly StructureType[] = [KEY_SIZES, CONTAINER_RECORD, CONTAINER_MAP, ...containerInfo]
