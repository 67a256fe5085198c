/**
 * How a C compiler for Windows lays a structure out: each member at the next multiple of its own size, the whole a multiple
 * of the largest. The two ABIs differ in the size of a pointer only.
 *
 * For structures that hold pointers: they live in one process, so their layout is a fact to state, not a format to send.
 *
 * Requirements: SKI-95, SKI-99, SKI-100.
 * @module
 */

/** 64-bit or 32-bit Windows. */
export type Abi = 'x64' | 'x86'

/** The size of a pointer, in bytes. */
export const POINTER_BYTES = { x64: 8, x86: 4 } as const satisfies Readonly<Record<Abi, number>>

/** A member's type: `BYTE`, `WORD`, `DWORD`, or anything that is as wide as a pointer (handles too). */
export type MemberType = 'u8' | 'u16' | 'u32' | 'pointer'

/** A member before it has a place. */
export type MemberDeclaration<Name extends string = string> = readonly [name: Name, type: MemberType]

/** A member in its place. */
export interface PlacedMember<Name extends string = string> {
  readonly name: Name
  readonly type: MemberType
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

/** A structure in one ABI. */
export interface Layout<Name extends string = string> {
  /** Bytes, the padding at the end included. */
  readonly size: number
  readonly members: readonly PlacedMember<Name>[]
}

/** Lays the members out, in order. */
export function layOut<const Name extends string>(members: readonly MemberDeclaration<Name>[], abi: Abi): Layout<Name> {
  let end = 0
  let widest = 1
  const placed = members.map(([name, type]) => {
    const length = type === 'pointer' ? POINTER_BYTES[abi] : INTEGER_BYTES[type]
    const offset = roundUp(end, length)
    end = offset + length
    widest = Math.max(widest, length)
    return { name, type, offset, length }
  })
  return { size: roundUp(end, widest), members: placed }
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple
const INTEGER_BYTES = { u8: 1, u16: 2, u32: 4 } as const
