/**
 * What the structures with pointers have in common: two layouts, and numbers that look like addresses.
 *
 * Requirements: SKI-95, SKI-99, SKI-100.
 * @module
 */
import type { Abi } from '../constants/layout.js'
import type { StructureType, View } from './types.js'

const ABIS: readonly Abi[] = ['x64', 'x86']

/** Both layouts of a structure with pointers. */
export function bothAbis(make: (abi: Abi) => Omit<StructureType, 'name' | 'abi'>): StructureType[] {
  return ABIS.map((abi) => {
    const made = make(abi)
    return { ...made, name: `${made.structure}:${abi}`, abi, title: `${made.title} (${abi})` }
  })
}

/** A pointer, or -1 where there is none; exact below 2^53. */
export const pointerAt = (view: View, at: number, abi: Abi): number => (abi === 'x64' ? view.u64(at) : view.u32(at))

/** User space of Windows, or NULL. */
export const isAddress = (value: number): boolean => value === 0 || (value >= 0x10000 && value < 2 ** 47)
