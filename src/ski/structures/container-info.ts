/**
 * `CONTAINER_INFO`: the public keys of a container.
 *
 *   x64: 0 dwVersion 1 · 4 dwReserved · 8 cbSigPublicKey · 16 pbSigPublicKey · 24 cbKeyExPublicKey · 32 pbKeyExPublicKey
 *   x86: 0 dwVersion 1 · 4 dwReserved · 8 cbSigPublicKey · 12 pbSigPublicKey · 16 cbKeyExPublicKey · 20 pbKeyExPublicKey
 *
 * In a process the two buffers lie anywhere. Here is a flat form, which is ours: the structure with the buffers right behind
 * it, signature key first, and offsets from the start where the pointers stand. An absent key has length and pointer 0.
 *
 * The buffers are public key blobs (`decodeCardPublicKey`); they are not looked into here.
 *
 * Requirements: SKI-90, SKI-101, SKI-102.
 * @module
 */
import { concat } from '../../bytes/bytes.js'
import { readLittleEndian, type Observe } from '../../bytes/little-endian.js'
import { accept, type Fault, type Verdict } from '../../verdict.js'
import type { Abi } from '../constants/layout.js'
import { encodeStruct, readStruct, struct, type StructFault } from './struct.js'

/** What may be wrong with the flat form. */
export type ContainerInfoFault = StructFault | Fault<'container_info_pointer_differs'>

/** The public keys of a container as blobs; `null` where there is none. */
export interface ContainerInfo {
  /** RSA signature key or ECDSA key. */
  readonly signature: Uint8Array | null
  /** RSA exchange key or ECDH key. */
  readonly exchange: Uint8Array | null
}

/** The layout. */
export const CONTAINER_INFO = struct('CONTAINER_INFO', 'SKI-90', 1, [
  ['dwVersion', 'u32'],
  ['dwReserved', 'u32'],
  ['cbSigPublicKey', 'u32'],
  ['pbSigPublicKey', 'pointer'],
  ['cbKeyExPublicKey', 'u32'],
  ['pbKeyExPublicKey', 'pointer'],
])

/** Reads the flat form. The blobs are copies. */
export function decodeContainerInfo(bytes: Uint8Array, abi: Abi, observe?: Observe): Verdict<ContainerInfo, ContainerInfoFault> {
  const reading = { name: CONTAINER_INFO.name, requirement: CONTAINER_INFO.requirement, observe }
  const read = readLittleEndian<readonly Uint8Array[], ContainerInfoFault['code']>(bytes, reading, (le) => {
    const values = readStruct(le, CONTAINER_INFO, abi)
    const place = (name: Member) => CONTAINER_INFO[abi].members.find((member) => member.name === name)!.offset
    if (values.dwReserved !== 0) le.refuse({ code: 'structure_reserved_not_zero', found: values.dwReserved, wanted: 0 }, 'dwReserved', place('dwReserved'))

    let next = CONTAINER_INFO[abi].size
    for (const [length, pointer] of SLOTS) {
      const wanted = values[length] === 0 ? 0 : next
      if (values[pointer] !== wanted) le.refuse({ code: 'container_info_pointer_differs', found: values[pointer], wanted }, pointer, place(pointer))
      next += values[length]
    }
    return le.tail(...SLOTS.map(([name, , buffer]) => [buffer, { name, offset: place(name), value: values[name] }] as const))
  })
  if (!read.ok) return read
  const [signature, exchange] = read.value.map((blob) => (blob.length === 0 ? null : blob.slice()))
  return accept({ signature: signature ?? null, exchange: exchange ?? null })
}

/** Writes the flat form. An empty blob is a `TypeError`: `null` says that there is none. */
export function encodeContainerInfo({ signature, exchange }: ContainerInfo, abi: Abi): Uint8Array {
  for (const blob of [signature, exchange]) if (blob?.length === 0) throw new TypeError('signature, exchange: at least one byte, or null, is wanted')
  const { size } = CONTAINER_INFO[abi]
  const signatureBytes = signature?.length ?? 0
  const fixed = encodeStruct(CONTAINER_INFO, abi, {
    dwVersion: 1,
    dwReserved: 0,
    cbSigPublicKey: signatureBytes,
    pbSigPublicKey: signature ? size : 0,
    cbKeyExPublicKey: exchange?.length ?? 0,
    pbKeyExPublicKey: exchange ? size + signatureBytes : 0,
  })
  return concat(fixed, ...[signature, exchange].filter((blob) => blob !== null))
}

type Member = (typeof CONTAINER_INFO)['x64']['members'][number]['name']

/** Length, pointer, and the buffer's name for each key, in the order of the buffers. */
const SLOTS = [
  ['cbSigPublicKey', 'pbSigPublicKey', 'signature key'],
  ['cbKeyExPublicKey', 'pbKeyExPublicKey', 'exchange key'],
] as const
